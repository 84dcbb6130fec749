//! The stages of a run that was extended: schedules and identity of each.

use crate::dynamic::Settings;
use crate::error::TrainError;
use crate::recipe::{Identity, Recipe};
use rarefy_nn::optim::LrSchedule;

/// One run of those that an extended run consists of; of any other run the only one.
pub(super) struct Stage {
    /// Epochs behind the run when the stage is done.
    pub(super) epochs: u32,
    /// What checkpoints of the stage carried before the run was extended.
    pub(super) identity: Identity,
    schedule: LrSchedule,
    lr: f64,
    /// How the pattern moves, if it does.
    pub(super) settings: Option<Settings>,
}

impl Stage {
    /// Learning rate of an epoch (from 0).
    pub(super) fn lr(&self, epoch: u32) -> f64 {
        self.schedule.lr(self.lr, epoch as usize)
    }
}

/// All stages of a run, in order; there is one at least.
pub(super) struct Stages(Vec<Stage>);

impl Stages {
    pub(super) fn new(recipe: &Recipe, steps_per_epoch: u64) -> Result<Self, TrainError> {
        let stage = |recipe: Recipe| -> Result<Stage, TrainError> {
            Ok(Stage {
                epochs: recipe.total_epochs(),
                identity: recipe.identity(),
                schedule: recipe.lr_schedule()?,
                lr: recipe.lr,
                settings: recipe.dynamics(steps_per_epoch)?,
            })
        };
        recipe.stages().into_iter().map(stage).collect::<Result<_, _>>().map(Self)
    }

    /// The stage of an epoch (from 0); past the end the last.
    pub(super) fn of(&self, epoch: u32) -> &Stage {
        let stage = self.0.iter().find(|stage| epoch < stage.epochs);
        stage.unwrap_or(&self.0[self.0.len() - 1])
    }

    /// The stage in which a checkpoint of this identity was written.
    pub(super) fn with_identity(&self, identity: &Identity) -> Option<&Stage> {
        self.0.iter().find(|stage| stage.identity == *identity)
    }

    /// The last stage and the one before it, if there is one.
    pub(super) fn last_two(&self) -> Option<(&Stage, &Stage)> {
        match &self.0[..] {
            [.., before, last] => Some((before, last)),
            _ => None,
        }
    }
}
