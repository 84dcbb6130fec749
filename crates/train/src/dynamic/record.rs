//! What is recorded of a moving pattern.

use super::Dynamic;
use serde::{Deserialize, Serialize};

/// One change of the pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// Step it came with, from 1.
    pub step: u64,
    /// Share of existing blocks that was to be exchanged.
    pub fraction: f64,
    /// Weights that went. One that was dropped and grown again at once never left and does not count.
    pub dropped: u64,
    /// Weights that came.
    pub grown: u64,
    /// Existing prunable weights afterwards.
    pub nnz: u64,
}

/// A moving pattern in one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DynamicRecord {
    /// In-time over-parameterization rate `R_s`: share of the prunable weights that have ever existed, since the first
    /// pattern (Liu et al. 2021).
    pub explored: f64,
    /// The same for each prunable layer.
    pub explored_layers: Vec<f64>,
    /// Changes of the pattern in the epoch.
    pub updates: Vec<UpdateRecord>,
}

impl Dynamic {
    /// The epoch's record; the next one starts empty.
    pub(crate) fn take_record(&mut self) -> DynamicRecord {
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        let weights = |positions: usize, layer: usize| positions * self.units[layer];
        let layers = || self.fired.iter().enumerate();
        let all: usize = layers().map(|(layer, fired)| weights(fired.count(), layer)).sum();
        DynamicRecord {
            explored: share(all, self.weights as usize),
            explored_layers: self.fired.iter().map(|fired| share(fired.count(), fired.positions())).collect(),
            updates: std::mem::take(&mut self.updates),
        }
    }
}
