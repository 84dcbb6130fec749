//! Steps that also tell the gradient where no weight is: what growth criteria rank.

use super::{Session, SessionError, StepOutcome};
use crate::params::Column;
use crate::plan::Visit;
use rarefy_core::Pattern;

impl Session {
    /// [`Session::gradients`], and calls `visit(layer, gradient, store)` with the gradient of the mean loss at *every*
    /// position of each prunable layer, row-major, from the last layer to the first. Of one layer at a time: the memory is
    /// reused. `store` holds the parameters as they are before the step.
    ///
    /// On error what `visit` was given is worthless.
    pub fn dense_gradients(
        &mut self,
        images: &[f32],
        labels: &[u32],
        visit: Visit<'_>,
    ) -> Result<StepOutcome, SessionError> {
        self.pass(images, labels, Some(visit))
    }

    /// [`Session::train_step`] with `visit` as in [`Session::dense_gradients`].
    pub fn train_step_dense(
        &mut self,
        images: &[f32],
        labels: &[u32],
        lr: f64,
        visit: Visit<'_>,
    ) -> Result<StepOutcome, SessionError> {
        self.step(images, labels, Some(lr), Some(visit))
    }

    /// A step whose gradient only decides where weights grow, in place of an optimizer's step (Evci et al. 2020, algorithm 1):
    /// running statistics move and the step counts, parameters and optimizer state stay. `visit` as in
    /// [`Session::dense_gradients`].
    pub fn growth_step(
        &mut self,
        images: &[f32],
        labels: &[u32],
        visit: Visit<'_>,
    ) -> Result<StepOutcome, SessionError> {
        self.step(images, labels, None, Some(visit))
    }

    /// Tells whether a pass that has begun to visit dense gradients is finished even if it is interrupted
    /// ([`Session::heed`]): needed where the visits change what outlives the step, such as a running average.
    pub fn finish_visited(&mut self, finish: bool) {
        self.finish_visited = finish;
    }

    /// Sets momentum and second moment to zero, as before the first step.
    pub fn clear_optimizer(&mut self) {
        for column in [Column::Momentum, Column::SecondMoment] {
            self.store.column_mut(column).fill(0.0);
        }
    }

    /// Lets `change` write the values of the prunable layers, `change(layer, pattern, values)`, between steps.
    pub fn change_weights(&mut self, mut change: impl FnMut(usize, &Pattern, &mut [f32])) {
        for view in 0..self.store.views().len() {
            let Some(layer) = self.store.views()[view].pattern else { continue };
            let (pattern, values) = self.store.pattern_and_values(layer, view);
            change(layer, pattern, values);
        }
        self.plan.refresh(&mut self.weights, &self.store);
    }

    /// Makes room for dense gradients, so that steps with them allocate nothing.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn reserve_dense(&mut self) -> Result<(), SessionError> {
        if self.options.max_batch > self.plan.max_batch() {
            self.sums.reserve_dense(&self.store)?;
        }
        Ok(self.dense.reserve(&self.plan, &mut self.workspace)?)
    }
}
