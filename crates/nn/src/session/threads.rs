//! The threads of a session.

use super::SessionError;
use crate::attentive;
use rarefy_core::memory::check_threads;
use rarefy_kernels::Resident;

/// Threads that stay. One thread is the caller's own; of several one waits for the caller's work and shares it with the others.
#[derive(Debug)]
pub(crate) struct Threads {
    resident: Option<Resident>,
    pool: Option<rayon::ThreadPool>,
}

impl Threads {
    pub(crate) fn new(threads: usize) -> Result<Self, SessionError> {
        if threads == 1 {
            return Ok(Self { resident: None, pool: None });
        }
        check_threads(threads)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("rarefy-{index}"))
            .build()
            .map_err(|error| SessionError::Threads { threads, reason: error.to_string() })?;
        // Threads allocate as they begin to look for work: now, not within a step.
        pool.broadcast(|_| ());
        // Entering the pool by `install` would allocate now and then.
        let (resident, stay) = Resident::new();
        pool.spawn(stay);
        Ok(Self { resident: Some(resident), pool: Some(pool) })
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.pool.as_ref().map_or(1, rayon::ThreadPool::current_num_threads)
    }

    /// Runs `work` where [`rayon::join`] shares it among the threads. Allocates nothing.
    pub(crate) fn run<R: Default + Send>(&mut self, work: impl FnOnce() -> R + Send) -> R {
        let others = self.count() - 1;
        let Some(resident) = &mut self.resident else { return work() };
        let (mut work, mut result) = (Some(work), R::default());
        resident.run(&mut || {
            if let Some(work) = work.take() {
                result = attentive::run(others, work);
            }
        });
        result
    }
}
