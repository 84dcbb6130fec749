//! What a run is asked for from outside while it trains.

use rarefy_nn::Interrupt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Requests to a run under way ([`crate::Trainer::run`]), from any thread; clones share them. A request to stop
/// is never taken back.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    stop: Interrupt,
    save: Arc<AtomicBool>,
    /// How many listen.
    listeners: Arc<Mutex<usize>>,
}

/// While it lives, somebody listens to requests ([`Requests::listen`]).
#[derive(Debug)]
pub struct Listening<'a>(&'a Requests);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        *self.0.listeners() -= 1;
    }
}

impl Requests {
    /// Nothing is asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to keep the position and stop. A step under way is given up, and done again when the run goes on.
    pub fn stop(&self) {
        self.stop.set();
    }

    /// [`Requests::stop`], if a run listens and has not been asked before; tells whether. Otherwise nobody
    /// would lose anything by the end of the process.
    pub fn stop_run(&self) -> bool {
        let listeners = self.listeners();
        let asks = *listeners > 0 && !self.is_stopped();
        if asks {
            self.stop();
        }
        asks
    }

    /// Asks to keep the position after the step under way and go on.
    pub fn save(&self) {
        self.save.store(true, Ordering::Release);
    }

    /// Whether the run is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_set()
    }

    /// From here on, as long as the answer lives, a run will see to requests, if it has not begun yet then when
    /// it does. Every run listens while it trains.
    pub fn listen(&self) -> Listening<'_> {
        *self.listeners() += 1;
        Listening(self)
    }

    pub(crate) fn interrupt(&self) -> Interrupt {
        self.stop.clone()
    }

    /// Whether the position is to be kept; the request is then served.
    pub(crate) fn take_save(&self) -> bool {
        self.save.swap(false, Ordering::AcqRel)
    }

    fn listeners(&self) -> MutexGuard<'_, usize> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
