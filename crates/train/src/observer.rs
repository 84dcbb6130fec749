//! How a run is watched.

use crate::accounting::Counts;
use crate::metrics::EpochRecord;

/// What a run is, before its first step.
#[derive(Clone, Copy, Debug)]
pub struct RunStart<'a> {
    /// Model name.
    pub model: &'a str,
    /// Layers, weights, multiply-adds.
    pub counts: &'a Counts,
    /// Training samples.
    pub samples: usize,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Epochs of the whole run.
    pub epochs: u32,
    /// Steps done by earlier, interrupted parts of the run.
    pub steps_done: u64,
}

/// One training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Steps since the start of the run, this one included.
    pub step: u64,
    /// Epoch, from 1.
    pub epoch: u32,
    /// Samples of this step.
    pub samples: usize,
    /// Mean training loss of the epoch so far.
    pub train_loss: f64,
    /// Training accuracy of the epoch so far, 0 to 1.
    pub train_acc: f64,
}

/// Watches a run; every method may be left out. It cannot change the result.
pub trait Observer {
    /// Training is about to start.
    fn started(&mut self, _start: &RunStart<'_>) {}

    /// A step was done.
    fn stepped(&mut self, _step: &StepReport) {}

    /// The position after `step` was kept because somebody asked for it.
    fn saved(&mut self, _step: u64) {}

    /// An epoch, its validation and its checkpoint are done. `best` tells whether it is the best so far.
    fn epoch_done(&mut self, _record: &EpochRecord, _best: bool) {}
}

/// Watches nothing.
impl Observer for () {}
