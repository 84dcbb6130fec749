//! Whether a checkpoint's counters are those of a moment of this run.
//!
//! A checksum says that a file is what some program wrote, not that the program was this one: what the counters say is checked
//! against the recipe, the data and each other before a step is done from there.

use super::Trainer;
use crate::error::TrainError;
use crate::metrics::Tally;
use crate::progress::{Best, Progress, State};
use rarefy_formats::Meta;
use rarefy_nn::params::ParamStore;
use std::path::Path;

impl Trainer {
    /// The position that `meta` tells.
    ///
    /// # Errors
    /// [`TrainError::OtherRun`]; [`TrainError::NotResumable`] if the run has no such position.
    pub(super) fn position(&self, path: &Path, meta: &Meta) -> Result<Progress, TrainError> {
        let refuse = |problem: String| TrainError::NotResumable { path: path.to_owned(), problem };
        let State { recipe, batch, train, best, .. } = State::from_json(&meta.state).map_err(refuse)?;
        let Some(stage) = self.stages.with_identity(&recipe) else {
            let difference = recipe.difference(&self.identity).unwrap_or_default();
            return Err(TrainError::OtherRun { path: path.to_owned(), difference });
        };
        let epoch = self.check_steps(meta, batch, stage.epochs).map_err(refuse)?;
        self.check_tally(batch, train).map_err(refuse)?;
        if let Some(best) = best {
            self.check_best_epoch(best, epoch).map_err(refuse)?;
        }
        Ok(Progress { epoch, batch, step: meta.step, train, best })
    }

    /// Epoch, batch and step belong together, and are within a run of so many epochs.
    fn check_steps(&self, meta: &Meta, batch: usize, epochs: u32) -> Result<u32, String> {
        let first = self.first_epoch();
        let batches = self.train.batches();
        let within = |epoch: &u32| (first..=epochs).contains(epoch);
        let Some(epoch) = u32::try_from(meta.epoch).ok().filter(within) else {
            return Err(format!("it is at epoch {}, the run is of epochs {first} to {epochs}", meta.epoch));
        };
        let steps = u64::from(epoch) * batches as u64 + batch as u64;
        if batch > batches || epoch == epochs && batch > 0 || meta.step != steps {
            return Err(format!(
                "step {} is not batch {batch} of epoch {} in epochs of {batches} batches; the data set has changed",
                meta.step,
                epoch + 1
            ));
        }
        Ok(epoch)
    }

    /// Sums over the batches done are of as many samples as these batches have.
    fn check_tally(&self, batch: usize, tally: Tally) -> Result<(), String> {
        let samples = batch.saturating_mul(self.recipe.step_samples()).min(self.train.samples()) as u64;
        let Tally { loss_sum, correct, .. } = tally;
        let plausible =
            loss_sum.is_finite() && correct <= samples && (batch > 0 || tally == Tally::default());
        if tally.samples == samples && plausible {
            return Ok(());
        }
        Err(format!(
            "after {batch} batches there are {samples} samples, found sums over {}: {correct} right, a loss of {loss_sum}",
            tally.samples
        ))
    }

    /// The best epoch is one that was validated.
    fn check_best_epoch(&self, best: Best, epoch: u32) -> Result<(), String> {
        let Best { epoch: found, val_loss, val_acc } = best;
        let first = self.first_epoch();
        let done = (first + 1..=epoch).contains(&found);
        if done && self.validation.is_some() && val_loss.is_finite() && (0.0..=1.0).contains(&val_acc) {
            return Ok(());
        }
        Err(format!(
            "its best epoch cannot be {found} of {epoch} after {first}, with a validation loss of {val_loss} and an accuracy of \
             {val_acc}"
        ))
    }

    /// The pattern is one that the run can have at this moment.
    pub(super) fn check_pattern(
        &self,
        state: &State,
        store: &ParamStore,
        progress: &Progress,
    ) -> Result<(), String> {
        if state.flops.is_some_and(|flops| !(flops.is_finite() && flops >= 0.0)) {
            return Err("its number of operations is none".to_owned());
        }
        let nnz = store.nnz();
        let Some(settings) = self.stages.of(progress.epoch).settings else {
            let wanted = match &self.recipe.mask_from {
                // It was taken from the checkpoint.
                Some(_) => self.recipe.density.budget(self.session.graph().prunable_len()) == nnz,
                None => self.session.store().patterns() == store.patterns(),
            };
            let problem = || format!("its {nnz} weights are not those that the recipe starts with");
            return if wanted { Ok(()) } else { Err(problem()) };
        };
        let before = u64::from(progress.epoch) * self.train.batches() as u64;
        let updates = state.dynamic.iter().flat_map(|dynamic| &dynamic.updates);
        let mut last = before;
        for update in updates.clone() {
            if update.step <= last || update.step > progress.step || !settings.due(update.step) {
                return Err(format!(
                    "no update of the pattern comes with step {} between steps {last} and {}",
                    update.step, progress.step
                ));
            }
            last = update.step;
        }
        let due = (before + 1..=progress.step).filter(|&step| settings.due(step)).count();
        let found = updates.clone().count();
        if found != due {
            return Err(format!("the epoch under way has had {due} updates of the pattern, found {found}"));
        }
        match updates.last() {
            Some(update) if update.nnz != nnz => {
                Err(format!("its last update left {} weights, found {nnz}", update.nnz))
            }
            _ => Ok(()),
        }
    }

    /// Epochs before the run's own first.
    pub(super) fn first_epoch(&self) -> u32 {
        self.recipe.rewind_epoch.unwrap_or(0)
    }
}
