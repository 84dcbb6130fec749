//! What the tests of runs share.

use rarefy_train::{Observer, Requests, StepReport};

/// Asks a run to stop at a step.
pub(crate) struct Stopper(pub(crate) u64, pub(crate) Requests);

impl Observer for Stopper {
    fn stepped(&mut self, step: &StepReport) {
        if step.step == self.0 {
            self.1.stop();
        }
    }
}
