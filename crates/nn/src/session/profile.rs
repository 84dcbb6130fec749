//! Where the time of a session's steps goes.

use super::Session;
use crate::plan::Profile;

impl Session {
    /// Starts to count, from zero: the clocks cost a few reads of the time for every group of samples.
    pub fn start_profile(&mut self) {
        self.workspace.reset_clocks(self.plan.spans());
    }

    /// Ends the count, over the `steps` training steps (or evaluations) since [`Session::start_profile`]. All times are 0 if
    /// there was no start.
    pub fn finish_profile(&mut self, steps: u64) -> Profile {
        let mut profile = self.plan.profile(&self.workspace, &self.graph, steps);
        // The plan knows the work of one group.
        let groups = self.options.max_batch as f64 / self.plan.max_batch() as f64;
        for span in &mut profile.spans {
            span.multiply_adds *= groups;
            span.bytes *= groups;
        }
        self.workspace.reset_clocks(0);
        profile
    }
}
