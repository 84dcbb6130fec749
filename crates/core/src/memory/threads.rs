//! How many threads make sense, and whether there is room for them.

use super::{OutOfMemory, free};
use std::thread::available_parallelism;

/// Threads that each core may have: more only get in each other's way.
const A_CORE: usize = 4;

/// Address space of a thread: its stack of 2 MiB and what the standard library maps beside it.
const THREAD_BYTES: u64 = (2 << 20) + (256 << 10);

/// What is left for everything else. The standard library ends the process if a thread that has its stack finds
/// no room to begin in.
const MARGIN: u64 = 4 << 20;

/// Most threads that are started on this machine for one purpose: four a core.
pub fn most_threads() -> usize {
    available_parallelism().map_or(1, usize::from).saturating_mul(A_CORE)
}

/// Whether there is room for `threads` more threads.
///
/// # Errors
/// Less memory than they begin with.
pub fn check_threads(threads: usize) -> Result<(), OutOfMemory> {
    let bytes = (threads as u64).saturating_mul(THREAD_BYTES).saturating_add(MARGIN);
    match free() {
        Some(free) if bytes > free => Err(OutOfMemory { what: "the threads", bytes, free: Some(free) }),
        _ => Ok(()),
    }
}
