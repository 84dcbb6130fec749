//! Moving patterns without a trainer: for loops of one's own, and to time their updates.

use super::{Dynamic, StepError};
use crate::error::TrainError;
use crate::recipe::Recipe;
use rarefy_nn::{Session, StepOutcome};

/// Steps of a session whose pattern moves as a recipe says.
pub struct Moving(Dynamic);

impl Moving {
    /// Starts from the patterns of `session`, and makes room in it for every pattern to come; `None` if the recipe's method
    /// moves nothing.
    ///
    /// # Errors
    /// Unknown rules, settings out of range, a final density without a block for every layer.
    pub fn new(
        recipe: &Recipe,
        steps_per_epoch: u64,
        session: &mut Session,
    ) -> Result<Option<Self>, TrainError> {
        recipe.check()?;
        let settings = recipe.dynamics(steps_per_epoch)?;
        settings.map(|settings| Dynamic::new(settings, recipe.mask_seed(), session).map(Self)).transpose()
    }

    /// Step `step` (from 1) of training, with an update of the pattern if one is due.
    ///
    /// # Errors
    /// Images that do not fit, numbers that are not finite.
    pub fn step(
        &mut self,
        session: &mut Session,
        images: &[f32],
        labels: &[u32],
        lr: f64,
        step: u64,
    ) -> Result<StepOutcome, TrainError> {
        let outcome = self.0.step(session, images, labels, lr, step);
        // Nobody records the updates.
        self.0.updates.clear();
        outcome.map_err(|error| match error {
            StepError::Session(error) => TrainError::Session(error),
            StepError::Sparsity(error) => error.into(),
        })
    }
}
