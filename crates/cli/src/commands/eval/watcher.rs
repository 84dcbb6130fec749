//! Evaluations as people watch them.

use crate::output::note;
use crate::progress::{bar, hidden};
use indicatif::ProgressBar;
use rarefy::eval::Progress;
use std::fmt::Arguments;
use std::path::Path;

/// A bar on a terminal, nothing elsewhere.
pub(super) struct Watcher {
    bar: ProgressBar,
    network: String,
}

impl Watcher {
    /// Chooses by `quiet` and by what standard error is.
    pub(super) fn new(quiet: bool) -> Self {
        let bar = if quiet { hidden() } else { bar("{prefix} {wide_bar} {pos}/{len} ETA {eta}") };
        Self { bar, network: String::new() }
    }

    /// Says which network comes.
    pub(super) fn of(&mut self, network: &Path) {
        self.network = network.display().to_string();
    }

    /// Tells people something, above the bar.
    pub(super) fn note(&self, text: Arguments<'_>) {
        self.bar.suspend(|| note(text));
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Watcher {
    fn begin(&mut self, what: &str, samples: usize) {
        self.bar.reset();
        self.bar.set_length(samples as u64);
        self.bar.set_prefix(format!("{}: {what}", self.network));
    }

    fn advance(&mut self, samples: usize) {
        self.bar.inc(samples as u64);
    }
}
