//! A thread that stays and runs borrowed work, so that handing over a step allocates nothing.
//!
//! Unsafe: one lifetime, of work that the giver waits for.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

type Work = dyn FnMut() + Send;

/// What giver and resident tell each other.
enum Slot {
    Idle,
    Given(&'static mut Work),
    Done(thread::Result<()>),
    Leave,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, slot: MutexGuard<'a, Slot>) -> MutexGuard<'a, Slot> {
        self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The giver's end. The resident leaves when this is dropped.
pub struct Resident {
    shared: Arc<Shared>,
}

impl Resident {
    /// A giver, and what its thread has to run: a loop that ends when the giver is dropped. Until some thread runs it, work
    /// waits.
    pub fn new() -> (Self, impl FnOnce() + Send + 'static) {
        let shared = Arc::new(Shared { slot: Mutex::new(Slot::Idle), changed: Condvar::new() });
        let here = Arc::clone(&shared);
        (Self { shared }, move || stay(&here))
    }

    /// Runs `work` once on the resident's thread and returns when it is done. Its panic goes on here.
    pub fn run(&mut self, work: &mut (dyn FnMut() + Send + '_)) {
        // SAFETY: the reference is used by `stay` alone, which has given it up before it answers `Done`; this function
        // returns or unwinds after that answer only. `&mut self` keeps a second giver out meanwhile.
        let work = unsafe { std::mem::transmute::<&mut (dyn FnMut() + Send + '_), &'static mut Work>(work) };
        let mut slot = self.shared.slot();
        *slot = Slot::Given(work);
        self.shared.changed.notify_all();
        let outcome = loop {
            match std::mem::replace(&mut *slot, Slot::Idle) {
                Slot::Done(outcome) => break outcome,
                other => *slot = other,
            }
            slot = self.shared.wait(slot);
        };
        drop(slot);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        *self.shared.slot() = Slot::Leave;
        self.shared.changed.notify_all();
    }
}

impl std::fmt::Debug for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resident")
    }
}

/// Runs what is given until told to leave.
fn stay(shared: &Shared) {
    let mut slot = shared.slot();
    loop {
        match std::mem::replace(&mut *slot, Slot::Idle) {
            Slot::Given(work) => {
                drop(slot);
                let outcome = catch_unwind(AssertUnwindSafe(work));
                slot = shared.slot();
                *slot = Slot::Done(outcome);
                shared.changed.notify_all();
            }
            Slot::Leave => return,
            other => *slot = other,
        }
        slot = shared.wait(slot);
    }
}
