//! Signals: they end the program, unless a run would lose something by that; the run is then asked to stop or
//! to save.
//!
//! A thread of its own takes them, so that they are heard whatever the others are at.

use crate::failure::Failure;
use rarefy::train::Requests;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What is done about signals. SIGHUP, Ctrl-C and SIGTERM end the program at once with 128 and the signal's
/// number, temporary files removed. While a run trains the first of them asks it to stop, and SIGUSR1 to save
/// and go on.
///
/// A hangup that is ignored as the program begins (`nohup`) stays ignored. Writing beyond the largest file
/// (`ulimit -f`) and into a closed pipe are errors of the write, not ends of the program.
pub(crate) struct Signals {
    requests: Requests,
    /// The signal that asked a run to stop.
    stopped_by: Arc<AtomicU8>,
}

impl Signals {
    /// Starts to listen, once in a program.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let signals = Self { requests: Requests::new(), stopped_by: Arc::default() };
        #[cfg(unix)]
        unix::listen(signals.requests.clone(), Arc::clone(&signals.stopped_by))?;
        Ok(signals)
    }

    /// What a run is asked for.
    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// 128 and the number of the signal that stopped a run: 129, 130 or 143.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(128 + self.stopped_by.load(Ordering::SeqCst))
    }
}

#[cfg(unix)]
mod unix {
    use crate::failure::Failure;
    use rarefy::core::memory::check_threads;
    use rarefy::core::remove_leftovers;
    use rarefy::train::Requests;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
    use std::thread::Builder;

    /// Bytes of the stack of the thread that takes signals.
    const STACK: usize = 256 << 10;

    pub(super) fn listen(requests: Requests, stopped_by: Arc<AtomicU8>) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::system(format!("cannot listen for signals: {error}"));
        let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        let stops: Vec<i32> = hangup.into_iter().chain([SIGINT, SIGTERM]).collect();
        // Once the program ends, one more signal does not wait for what is done last.
        let ending = Arc::new(AtomicBool::new(false));
        for &signal in &stops {
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&ending)).map_err(failed)?;
        }
        let mut signals = Signals::new(stops.iter().copied().chain([SIGUSR1])).map_err(failed)?;
        // With a signal that somebody takes the write fails; Rust does the same for closed pipes.
        flag::register(SIGXFSZ, Arc::default()).map_err(failed)?;
        check_threads(1)?;
        let take = move || {
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    requests.save();
                    continue;
                }
                // Before the run can see the request.
                stopped_by.store(u8::try_from(signal).unwrap_or(0), Ordering::SeqCst);
                if !requests.stop_run() {
                    ending.store(true, Ordering::SeqCst);
                    remove_leftovers();
                    std::process::exit(128 + signal);
                }
            }
        };
        let thread = Builder::new().name("rarefy-signals".to_owned()).stack_size(STACK).spawn(take);
        thread.map(|_| ()).map_err(failed)
    }

    /// Whether the program began with a signal ignored, as far as Linux tells.
    fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}
