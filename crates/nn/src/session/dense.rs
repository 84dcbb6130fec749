//! Steps that also tell the gradient where no weight is: what growth criteria rank.

use super::{Session, SessionError, StepOutcome};

impl Session {
    /// [`Session::gradients`], and calls `visit(layer, gradient)` with the gradient of the mean loss at *every* position of
    /// each prunable layer, row-major, from the last layer to the first. Of one layer at a time: the memory is reused.
    ///
    /// On error what `visit` was given is worthless.
    pub fn dense_gradients(
        &mut self,
        images: &[f32],
        labels: &[u32],
        visit: &mut (dyn FnMut(usize, &[f32]) + Send),
    ) -> Result<StepOutcome, SessionError> {
        self.pass(images, labels, Some(visit))
    }

    /// [`Session::train_step`] with `visit` as in [`Session::dense_gradients`].
    pub fn train_step_dense(
        &mut self,
        images: &[f32],
        labels: &[u32],
        lr: f64,
        visit: &mut (dyn FnMut(usize, &[f32]) + Send),
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
        visit: &mut (dyn FnMut(usize, &[f32]) + Send),
    ) -> Result<StepOutcome, SessionError> {
        self.step(images, labels, None, Some(visit))
    }

    /// Makes room for dense gradients, so that steps with them allocate nothing.
    pub fn reserve_dense(&mut self) {
        self.dense.reserve(&self.plan, &mut self.workspace);
    }
}
