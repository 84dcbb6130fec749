//! The run as people watch it.

use crate::format::{duration, percent};
use crate::output::note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rarefy::train::{EpochRecord, Observer, RunStart, StepReport};
use std::io::{IsTerminal, stderr};
use std::time::Instant;

/// A bar on a terminal, one line an epoch elsewhere, nothing when quiet.
pub(crate) struct Watcher {
    face: Face,
    epochs: u32,
    validated: String,
    since: Instant,
    samples: usize,
}

enum Face {
    Bar(ProgressBar),
    Lines,
    Quiet,
}

/// A bar on a terminal; elsewhere it does not show.
pub(crate) fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar that never shows.
pub(crate) fn hidden() -> ProgressBar {
    ProgressBar::hidden()
}

impl Watcher {
    /// Chooses by `quiet` and by what standard error is.
    pub(crate) fn new(quiet: bool) -> Self {
        let face = match (quiet, stderr().is_terminal()) {
            (true, _) => Face::Quiet,
            (false, true) => Face::Bar(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())),
            (false, false) => Face::Lines,
        };
        Self { face, epochs: 0, validated: String::new(), since: Instant::now(), samples: 0 }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Face::Bar(bar) = &self.face {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Watcher {
    fn started(&mut self, start: &RunStart<'_>) {
        self.epochs = start.epochs;
        self.since = Instant::now();
        let Face::Bar(bar) = &self.face else { return };
        let template = "{prefix} {wide_bar} {msg} ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_length(u64::from(start.epochs) * start.steps_per_epoch);
        bar.set_position(start.steps_done);
        bar.reset_eta();
        bar.set_prefix(format!("epoch -/{}", start.epochs));
    }

    fn stepped(&mut self, step: &StepReport) {
        self.samples += step.samples;
        let Face::Bar(bar) = &self.face else { return };
        bar.set_prefix(format!("epoch {}/{}", step.epoch, self.epochs));
        bar.set_position(step.step);
        let rate = self.samples as f64 / self.since.elapsed().as_secs_f64().max(1e-9);
        let (loss, accuracy, validated) = (step.train_loss, percent(step.train_acc), &self.validated);
        bar.set_message(format!("loss {loss:.4}, acc {accuracy}{validated}, {rate:.0} img/s"));
    }

    fn saved(&mut self, step: u64) {
        let say = || note(format_args!("saved after step {step}"));
        match &self.face {
            Face::Bar(bar) => bar.suspend(say),
            Face::Lines => say(),
            Face::Quiet => {}
        }
    }

    fn epoch_done(&mut self, record: &EpochRecord, best: bool) {
        let star = if best { " *" } else { "" };
        self.validated = record.val_acc.map_or(String::new(), |acc| format!(", val {}{star}", percent(acc)));
        // The rate shown is of the epoch under way.
        (self.since, self.samples) = (Instant::now(), 0);
        if let Face::Quiet = self.face {
            return;
        }
        let line = {
            let EpochRecord { epoch, lr, train_loss, train_acc, seconds, images_per_sec, .. } = record;
            let (accuracy, took) = (percent(*train_acc), duration(*seconds));
            let validated = &self.validated;
            format!(
                "epoch {epoch}/{}: lr {lr:.4}, loss {train_loss:.4}, acc {accuracy}{validated}, {took}, {images_per_sec:.0} img/s",
                self.epochs
            )
        };
        match &self.face {
            // What has been stays above the bar.
            Face::Bar(bar) => bar.println(line),
            Face::Lines => note(format_args!("{line}")),
            Face::Quiet => {}
        }
    }
}
