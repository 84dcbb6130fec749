//! Evaluations as people watch them.

use crate::output::note;
use crate::progress::{bar, hidden};
use indicatif::ProgressBar;
use rarefy::eval::Progress;
use std::collections::HashSet;
use std::path::Path;

/// Things left out that are named.
const NAMED: usize = 5;

/// A bar on a terminal, nothing elsewhere.
pub(super) struct Watcher {
    bar: ProgressBar,
    network: String,
    told: HashSet<String>,
}

impl Watcher {
    /// Chooses by `quiet` and by what standard error is.
    pub(super) fn new(quiet: bool) -> Self {
        let bar = if quiet { hidden() } else { bar("{prefix} {wide_bar} {pos}/{len} ETA {eta}") };
        Self { bar, network: String::new(), told: HashSet::new() }
    }

    /// Says which network comes.
    pub(super) fn of(&mut self, network: &Path) {
        self.network = network.display().to_string();
    }

    /// Tells people something, above the bar and once.
    pub(super) fn note(&mut self, text: String) {
        if !self.told.contains(&text) {
            self.bar.suspend(|| note(format_args!("{text}")));
            self.told.insert(text);
        }
    }

    /// Tells what of `set` is left out because it is missing or damaged.
    pub(super) fn left_out(&mut self, set: &str, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let named = names[..names.len().min(NAMED)].join("; ");
        self.note(format!("{set}: {} left out: {named}{more}", names.len()));
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
