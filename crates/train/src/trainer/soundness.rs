//! What a network must be to be kept: nobody wants to find out later that a checkpoint is of no use.

use super::Trainer;
use super::epoch::at_step;
use crate::error::TrainError;
use rarefy_nn::params::{Column, ParamStore};

/// Samples of the latest batch that a network must give a finite loss for: where weights have grown so large
/// that activations overflow, those of one sample do.
const SAMPLES: usize = 16;

impl Trainer {
    /// Refuses to keep a network with a number that is not finite, or one that gives no finite loss in
    /// evaluation for samples of the latest training batch: weights may be finite and their products not.
    ///
    /// # Errors
    /// [`TrainError::NonFinite`] with the place.
    pub(super) fn check_sound(&mut self) -> Result<(), TrainError> {
        self.check_finite()?;
        let batch = self.train.latest();
        let samples = batch.len().min(SAMPLES);
        // Before the first batch the network is the one that the run began with.
        if samples == 0 {
            return Ok(());
        }
        let images = &batch.images[..batch.images.len() / batch.len() * samples];
        let (step, epoch) = (self.progress.step, self.progress.epoch + 1);
        let outcome = self.session.evaluate(images, &batch.labels[..samples]);
        outcome.map(|_| ()).map_err(|error| at_step(error, step, epoch))
    }

    /// Refuses to keep a network with a number that is not finite.
    pub(super) fn check_finite(&self) -> Result<(), TrainError> {
        match not_finite(self.session.store()) {
            None => Ok(()),
            Some(place) => {
                let (step, epoch) = (self.progress.step, self.progress.epoch + 1);
                Err(TrainError::NonFinite { step, epoch, place })
            }
        }
    }
}

/// The first parameter or statistic that is not finite.
fn not_finite(store: &ParamStore) -> Option<String> {
    let finite = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
    let columns = [
        (Column::Value, "a value"),
        (Column::Momentum, "the momentum"),
        (Column::SecondMoment, "the second moment"),
    ];
    for (column, what) in columns {
        if !finite(store.column(column)) {
            let view = (0..store.views().len()).find(|&view| !finite(store.slice(view, column)))?;
            return Some(format!("{what} of {}", store.views()[view].parameter.name));
        }
    }
    let norm = store.norms().iter().find(|(_, range)| {
        [store.running_mean(), store.running_var()]
            .iter()
            .any(|all| !all.get(range.clone()).is_some_and(finite))
    });
    norm.map(|(name, _)| format!("a running statistic of {name}"))
}
