//! The record of a run: one line per epoch and a summary.

use crate::dynamic::DynamicRecord;
use rarefy_formats::Seeds;
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epochs done, this one included.
    pub epoch: u32,
    /// Steps done.
    pub step: u64,
    /// Learning rate of the epoch.
    pub lr: f64,
    /// Mean cross-entropy over the epoch's training batches, as they were trained.
    pub train_loss: f64,
    /// Accuracy over the epoch's training batches, 0 to 1.
    pub train_acc: f64,
    /// Mean cross-entropy of the validation split after the epoch; absent without one.
    pub val_loss: Option<f64>,
    /// Validation accuracy after the epoch, 0 to 1; absent without a validation split.
    pub val_acc: Option<f64>,
    /// Realized density of the prunable weights.
    pub density: f64,
    /// Existing prunable weights.
    pub nnz: u64,
    /// Wall-clock time of the epoch: training and validation; of a resumed epoch, the part after resuming.
    pub seconds: f64,
    /// Training samples a second of training time.
    pub images_per_sec: f64,
    /// How the pattern moved; absent if it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<DynamicRecord>,
}

/// How a pattern moved over a whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// Updates that the method and the length of the run foresee.
    pub updates_planned: u64,
    /// Updates made.
    pub updates: u64,
    /// Weights that came in place of others, over all updates: the lesser of those that went and those that came.
    pub exchanged: u64,
    /// In-time over-parameterization rate `R_s`: share of the prunable weights that have ever existed (Liu et al. 2021).
    pub explored: f64,
}

impl Movement {
    /// Sums up the lines of a run; none of a pattern that stays.
    pub(crate) fn of(records: &[EpochRecord], updates_planned: u64) -> Option<Self> {
        let moved = || records.iter().filter_map(|record| record.dynamic.as_ref());
        let updates = || moved().flat_map(|dynamic| &dynamic.updates);
        Some(Self {
            updates_planned,
            updates: updates().count() as u64,
            exchanged: updates().map(|update| update.dropped.min(update.grown)).sum(),
            explored: moved().next_back()?.explored,
        })
    }
}

/// What a finished run came to: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Model name. This and the next four are empty in summaries of early versions.
    #[serde(default)]
    pub model: String,
    /// Data set name.
    #[serde(default)]
    pub data: String,
    /// Rule of the layer-wise densities.
    #[serde(default)]
    pub sparse_init: String,
    /// Training method.
    #[serde(default)]
    pub method: String,
    /// Seeds of the pattern, the initial weights and the order of samples.
    #[serde(default)]
    pub seeds: Option<Seeds>,
    /// Epoch (from 1) with the best validation accuracy; ties go to the lower loss, then to the earlier epoch. Without
    /// a validation split, the last.
    pub best_epoch: u32,
    /// Its validation accuracy.
    pub val_acc: Option<f64>,
    /// Test accuracy of the best epoch's network; absent without a test split.
    pub test_acc: Option<f64>,
    /// Test accuracy of the last epoch's network.
    pub test_acc_last: Option<f64>,
    /// Mean test cross-entropy of the best epoch's network.
    pub test_loss: Option<f64>,
    /// Wall-clock time of all epochs and the test.
    pub seconds: f64,
    /// Largest resident memory, MB (10^6 bytes).
    pub peak_rss_mb: Option<f64>,
    /// Existing prunable weights.
    pub nnz: u64,
    /// Realized density.
    pub density: f64,
    /// Multiply-adds of one sample's forward pass.
    pub macs_sparse: u64,
    /// Multiply-adds of the dense network's.
    pub macs_dense: u64,
    /// Floating-point operations of the whole training by the static formula (3 forward passes a sample).
    pub train_flops: f64,
    /// How the pattern moved; absent if it stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<Movement>,
    /// Version of rarefy.
    pub version: String,
    /// Processor.
    pub cpu: String,
    /// Instruction set of the kernels.
    pub isa: String,
}

/// Running sums over batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Samples seen.
    pub samples: u64,
    /// Sum of their cross-entropies, natural log.
    pub loss_sum: f64,
    /// Samples classified right.
    pub correct: u64,
}

impl Tally {
    /// Mean cross-entropy, 0 of nothing.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.samples.max(1) as f64
    }

    /// Share classified right, 0 of nothing.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }
}

impl Tally {
    /// Adds the samples of another tally.
    pub(crate) fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.loss_sum += other.loss_sum;
        self.correct += other.correct;
    }
}

impl From<rarefy_nn::StepOutcome> for Tally {
    fn from(outcome: rarefy_nn::StepOutcome) -> Self {
        Self { samples: outcome.samples as u64, loss_sum: outcome.loss_sum, correct: outcome.correct as u64 }
    }
}
