//! Where a run stands: what a checkpoint holds besides the network.

use crate::dynamic::DynamicState;
use crate::metrics::Tally;
use crate::recipe::Identity;
use serde::{Deserialize, Serialize};

/// The best epoch so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Epoch, from 1.
    pub epoch: u32,
    /// Its mean validation cross-entropy.
    pub val_loss: f64,
    /// Its validation accuracy, 0 to 1.
    pub val_acc: f64,
}

/// Position in a run: no wall-clock time, so that equal positions of equal runs have equal checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Epochs completed, validation included.
    pub epoch: u32,
    /// Batches done of the epoch under way.
    pub batch: usize,
    /// Steps done.
    pub step: u64,
    /// Sums over the batches done of the epoch under way.
    pub train: Tally,
    /// Best epoch by validation accuracy; none before the first validation.
    pub best: Option<Best>,
}

/// Where a run goes on, as its records must have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Epoch after which the run itself began: 0, or the one it was rewound to.
    pub first: u32,
    /// Epochs completed.
    pub epoch: u32,
    /// Steps done, those of the epoch under way included.
    pub step: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Existing prunable weights after the last completed epoch; none if the pattern has moved since.
    pub nnz: Option<u64>,
}

/// The trainer's part of a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) recipe: Identity,
    pub(crate) batch: usize,
    pub(crate) train: Tally,
    pub(crate) best: Option<Best>,
    /// Of a moving pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dynamic: Option<DynamicState>,
    /// Operations of all steps so far, where no formula tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) flops: Option<f64>,
}

impl Best {
    /// Whether this epoch beats `other`: higher accuracy, or the same with lower loss.
    pub(crate) fn beats(self, other: Option<Self>) -> bool {
        other.is_none_or(|other| {
            self.val_acc > other.val_acc || self.val_acc == other.val_acc && self.val_loss < other.val_loss
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_in_accuracy_go_to_the_lower_loss_then_to_the_earlier_epoch() {
        let best = |epoch, val_acc, val_loss| Best { epoch, val_acc, val_loss };
        assert!(best(1, 0.1, 9.0).beats(None));
        assert!(best(2, 0.9, 9.0).beats(Some(best(1, 0.8, 0.1))));
        assert!(best(2, 0.9, 0.4).beats(Some(best(1, 0.9, 0.5))));
        assert!(!best(2, 0.9, 0.5).beats(Some(best(1, 0.9, 0.5))));
        assert!(!best(2, 0.8, 0.1).beats(Some(best(1, 0.9, 0.5))));
    }
}
