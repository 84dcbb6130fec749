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
pub(super) fn run<R: Send>(others: usize, work: impl FnOnce() -> R + Send) -> R {
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
