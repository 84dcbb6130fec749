//! Ctrl-C and termination: stop after the step under way.

use crate::failure::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Flags that the system sets.
pub(crate) struct Signals {
    /// Set by the first signal. A second one ends the process at once: every file is whole at any moment.
    pub(crate) interrupt: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Signals {
    /// Starts to listen.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let signals = Self { interrupt: Arc::default(), signal: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            let armed = Arc::clone(&signals.interrupt);
            flag::register_conditional_shutdown(signal, 128 + signal, armed)
                .and_then(|_| flag::register_usize(signal, Arc::clone(&signals.signal), signal as usize))
                .and_then(|_| flag::register(signal, Arc::clone(&signals.interrupt)))
                .map_err(|error| Failure::system(format!("cannot listen for signals: {error}")))?;
        }
        Ok(signals)
    }

    /// 130 after Ctrl-C, 143 after a termination signal.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let signal = u8::try_from(self.signal.load(Ordering::SeqCst)).unwrap_or(SIGINT as u8);
        ExitCode::from(128 + signal)
    }
}
