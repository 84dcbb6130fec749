//! What changes where a run is extended.

use super::Trainer;

/// The last extension of a run: what its schedules do there.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// Epochs of the run before it was extended, and now.
    pub epochs: (u32, u32),
    /// Learning rate of the last epoch before, and of the first after.
    pub lr: (f64, f64),
    /// Name of the schedule.
    pub lr_schedule: &'static str,
    /// Of a run whose pattern moves: the last step at which it does, of all steps; none if it stays from now on.
    pub updates: Option<(Option<u64>, u64)>,
}

impl Trainer {
    /// The last extension of the run, if it still lies ahead.
    pub fn extension(&self) -> Option<Extension> {
        let (before, after) = self.stages.last_two()?;
        if self.progress.epoch > before.epochs {
            return None;
        }
        let batches = self.train.batches() as u64;
        let updates = after.settings.as_ref().map(|settings| {
            let last = settings.last_update();
            (
                last.filter(|&step| step > u64::from(before.epochs) * batches),
                u64::from(after.epochs) * batches,
            )
        });
        Some(Extension {
            epochs: (before.epochs, after.epochs),
            lr: (before.lr(before.epochs - 1), after.lr(before.epochs)),
            lr_schedule: self.recipe.lr_schedule.name(),
            updates,
        })
    }
}
