//! Steps in groups: several passes, whose gradients and statistics are summed in the order of the groups.

use crate::params::{Column, ParamStore};
use crate::plan::{Pass, Plan, Workspace};
use rarefy_core::memory::{self, OutOfMemory};

/// What a training step sums over its groups.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// As the gradient column.
    gradient: Vec<f32>,
    /// Of all positions, one entry a prunable layer; empty while no step of several groups asked for them.
    dense: Vec<Vec<f32>>,
    /// Per channel of all batch norms: mean and unbiased variance of the groups, weighted by their samples.
    mean: Vec<f64>,
    variance: Vec<f64>,
    /// Of the samples so far, `[sample][class]`.
    logits: Vec<f32>,
}

impl Sums {
    /// Room for the sums of batches of up to `samples`.
    pub(super) fn reserve(
        &mut self,
        store: &ParamStore,
        samples: usize,
        classes: usize,
    ) -> Result<(), OutOfMemory> {
        let what = "sums over the groups of a batch";
        memory::reserve(&mut self.gradient, store.capacity(), what)?;
        memory::resize(&mut self.mean, store.running_mean().len(), 0.0, what)?;
        memory::resize(&mut self.variance, store.running_var().len(), 0.0, what)?;
        memory::reserve(&mut self.logits, samples.saturating_mul(classes), what)
    }

    /// Room for the sums of the gradients at all positions.
    pub(super) fn reserve_dense(&mut self, store: &ParamStore) -> Result<(), OutOfMemory> {
        self.dense.resize_with(store.patterns().len(), Vec::new);
        for (sum, pattern) in self.dense.iter_mut().zip(store.patterns()) {
            memory::reserve(sum, pattern.shape().len(), "sums of dense gradients")?;
        }
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.gradient.clear();
        self.mean.fill(0.0);
        self.variance.fill(0.0);
        self.logits.clear();
    }

    /// Adds a pass over the share `share` of the step's samples.
    pub(super) fn add(&mut self, pass: &Pass<'_>, workspace: &Workspace, store: &ParamStore, share: f64) {
        pass.plan.add_statistics(workspace, share, &mut self.mean, &mut self.variance);
        for sample in 0..pass.batch {
            let start = self.logits.len();
            self.logits.resize(start + pass.plan.classes(), 0.0);
            pass.logits(workspace, sample, &mut self.logits[start..]);
        }
        // The gradient of the only group stays where it is.
        if share < 1.0 {
            add(&mut self.gradient, store.column(Column::Gradient));
        }
    }

    /// Puts the summed gradient into its column.
    pub(super) fn put_gradient(&self, store: &mut ParamStore) {
        if !self.gradient.is_empty() {
            store.column_mut(Column::Gradient).copy_from_slice(&self.gradient);
        }
    }

    /// Adds a layer's gradient at all positions, of the first group or a later one; gives the sum so far.
    pub(super) fn add_dense(&mut self, layer: usize, gradient: &[f32], first: bool) -> &[f32] {
        if self.dense.len() <= layer {
            self.dense.resize(layer + 1, Vec::new());
        }
        let sum = &mut self.dense[layer];
        if first {
            sum.clear();
        }
        add(sum, gradient);
        sum
    }

    /// Moves the running statistics towards those of the step.
    pub(super) fn update_running(&self, plan: &Plan, store: &mut ParamStore) {
        plan.update_running(&self.mean, &self.variance, store);
    }

    /// Whether means and variances are numbers that the running statistics can take up.
    pub(super) fn are_statistics_finite(&self) -> bool {
        self.mean.iter().chain(&self.variance).all(|&number| (number as f32).is_finite())
    }

    pub(super) fn logits(&self) -> &[f32] {
        &self.logits
    }
}

/// Adds to a sum that is empty before the first term.
fn add(sum: &mut Vec<f32>, term: &[f32]) {
    if sum.is_empty() {
        sum.extend_from_slice(term);
    } else {
        sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
    }
}
