//! Work shared on a rayon pool whose threads do not fall asleep within a step.
//!
//! A step has dozens of operations of a millisecond or two, each with an end that all threads wait for. Rayon sends a thread that finds
//! nothing for some ten microseconds to sleep, and waking it takes longer than that.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for the pool's other threads to come.
const PATIENCE: Duration = Duration::from_micros(200);

/// Set in [`Watch::entered`] when nobody is let in any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Where the pool's other threads look for work until the giver's is over.
#[derive(Default)]
struct Watch {
    entered: AtomicUsize,
    over: AtomicBool,
}

impl Watch {
    /// Takes part in whatever work there is until the end. Late comers leave at once: they may be within the work itself, whose end would
    /// then wait for them.
    fn keep(&self) {
        let enter = |entered| (entered & CLOSED == 0).then_some(entered + 1);
        if self.entered.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter).is_ok() {
            work_until(&self.over);
        }
    }
}

/// Ends the watch, also when the work panics.
struct End<'a>(&'a Watch);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

/// Does what other threads have to give until `done`.
fn work_until(done: &AtomicBool) {
    while !done.load(Ordering::Acquire) {
        if rayon::yield_now() != Some(rayon::Yield::Executed) {
            std::thread::yield_now();
        }
    }
}

/// Runs `work`, whose [`join`]s `others` more threads of the current pool are kept awake for. Allocates nothing.
pub(crate) fn run<R: Send>(others: usize, work: impl FnOnce() -> R + Send) -> R {
    call(&Watch::default(), others, others, work)
}

fn call<R: Send>(watch: &Watch, others: usize, left: usize, work: impl FnOnce() -> R + Send) -> R {
    if left > 0 {
        return rayon::join(|| call(watch, others, left - 1, work), || watch.keep()).0;
    }
    let end = End(watch);
    let start = Instant::now();
    while watch.entered.load(Ordering::Acquire) < others && start.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    watch.entered.fetch_or(CLOSED, Ordering::AcqRel);
    let result = work();
    drop(end);
    result
}

/// [`rayon::join`], waiting awake.
pub(crate) fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let a = || {
        a();
        if begun.load(Ordering::Acquire) {
            work_until(&done);
        }
    };
    let b = || {
        begun.store(true, Ordering::Release);
        // Also when it panics.
        let _done = Done(&done);
        b();
    };
    rayon::join(a, b);
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Counts the leaves of a tree of joins.
    fn leaves(depth: u32, counted: &AtomicUsize) {
        match depth {
            0 => {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            _ => join(|| leaves(depth - 1, counted), || leaves(depth - 1, counted)),
        }
    }

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
    }

    #[test]
    fn every_part_is_done_once_on_any_number_of_threads() {
        for threads in 1..=5 {
            let pool = pool(threads);
            for depth in [0, 1, 5].into_iter().cycle().take(60) {
                let counted = AtomicUsize::new(0);
                let result = pool.install(|| {
                    run(threads - 1, || {
                        leaves(depth, &counted);
                        leaves(depth, &counted);
                        depth
                    })
                });
                assert_eq!((result, counted.into_inner()), (depth, 2 << depth), "{threads} threads");
            }
        }
    }

    #[test]
    fn a_panic_of_any_part_reaches_the_giver_and_the_threads_go_on() {
        let pool = pool(3);
        for part in 0..3 {
            let panicking = |here: usize| assert_ne!(here, part, "this part");
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.install(|| {
                    run(2, || {
                        join(|| panicking(0), || panicking(1));
                        panicking(2);
                    })
                })
            }));
            assert!(outcome.is_err(), "part {part}");
        }
        let counted = AtomicUsize::new(0);
        pool.install(|| run(2, || leaves(4, &counted)));
        assert_eq!(counted.into_inner(), 16);
    }

    #[test]
    fn threads_that_are_busy_elsewhere_are_not_waited_for() {
        let pool = pool(2);
        let (busy, free) = (AtomicBool::new(false), AtomicBool::new(false));
        pool.scope(|scope| {
            scope.spawn(|_| {
                busy.store(true, Ordering::Release);
                while !free.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
            });
            while !busy.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            let counted = AtomicUsize::new(0);
            run(1, || leaves(3, &counted));
            free.store(true, Ordering::Release);
            assert_eq!(counted.into_inner(), 8);
        });
    }
}
