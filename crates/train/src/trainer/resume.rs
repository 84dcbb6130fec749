//! Continuing from a checkpoint.

use super::Trainer;
use crate::accounting::Counts;
use crate::dynamic::Dynamic;
use crate::error::TrainError;
use crate::progress::{Progress, State};
use crate::run_dir::files;
use rarefy_core::memory;
use rarefy_formats::{Checkpoint, Meta};
use std::path::Path;

impl Trainer {
    /// Continues from the checkpoint at `path`, which must be of this recipe and lie in the run's folder, beside the
    /// checkpoint of its best epoch.
    ///
    /// # Errors
    /// A damaged checkpoint, one of another network or run, a position that does not exist. The trainer is then unchanged.
    pub fn resume(&mut self, path: &Path) -> Result<(), TrainError> {
        let Checkpoint { meta, mut store, extras } = Checkpoint::load_for(path, self.session.graph())?;
        let progress = self.position(path, &meta)?;
        if let Some(best) = progress.best.filter(|best| u64::from(best.epoch) < meta.epoch) {
            self.check_best(path, best.epoch)?;
        }
        let refuse = |problem: String| TrainError::NotResumable { path: path.to_owned(), problem };
        let state = State::from_json(&meta.state).map_err(refuse)?;
        let kept = self.dynamic.as_ref().map_or(0, Dynamic::kept_bytes);
        memory::check_large(kept, "what the training method keeps")?;
        let restored = match &self.dynamic {
            Some(dynamic) => Some(dynamic.check(state.dynamic, &extras, &mut store).map_err(refuse)?),
            None => None,
        };
        self.session.restore(store, meta.step).map_err(TrainError::Session)?;
        self.progress = progress;
        self.flops = state.flops.unwrap_or(0.0);
        if let (Some(dynamic), Some(restored)) = (&mut self.dynamic, restored) {
            dynamic.restore(restored);
        }
        self.counts = Counts::new(self.session.graph(), self.session.store().patterns());
        Ok(())
    }

    /// The position that `meta` tells, checked against the recipe.
    fn position(&self, path: &Path, meta: &Meta) -> Result<Progress, TrainError> {
        let refuse = |problem: String| TrainError::NotResumable { path: path.to_owned(), problem };
        let State { recipe, batch, train, best, .. } = State::from_json(&meta.state).map_err(refuse)?;
        if let Some(difference) = recipe.difference(&self.identity) {
            return Err(TrainError::OtherRun { path: path.to_owned(), difference });
        }
        let (epochs, batches) = (self.recipe.total_epochs(), self.train.batches());
        let epoch = u32::try_from(meta.epoch).ok().filter(|&epoch| epoch <= epochs);
        let Some(epoch) = epoch else {
            return Err(refuse(format!("it is at epoch {}, the run has {epochs}", meta.epoch)));
        };
        let steps = u64::from(epoch) * batches as u64 + batch as u64;
        if batch > batches || epoch == epochs && batch > 0 || meta.step != steps {
            let problem = format!(
                "step {} is not batch {batch} of epoch {} in epochs of {batches} batches; the data set has changed",
                meta.step,
                epoch + 1
            );
            return Err(refuse(problem));
        }
        Ok(Progress { epoch, batch, step: meta.step, train, best })
    }

    /// The best epoch's network is needed at the end: better to miss it, or find it damaged, now.
    fn check_best(&self, path: &Path, epoch: u32) -> Result<(), TrainError> {
        let best = path.with_file_name(files::BEST);
        let found = Checkpoint::load_for(&best, self.session.graph())?.meta;
        // A later best epoch is of a run that was stopped before it could note so; it will be reached again.
        if found.epoch >= u64::from(epoch) {
            return self.position(&best, &found).map(|_| ());
        }
        let problem = format!("it should hold epoch {epoch}, the best, and holds {}", found.epoch);
        Err(TrainError::NotResumable { path: best, problem })
    }
}

impl State {
    pub(crate) fn to_json(&self) -> Result<serde_json::Value, TrainError> {
        serde_json::to_value(self)
            .map_err(|error| rarefy_formats::FormatError::Unstorable { problem: error.to_string() }.into())
    }

    pub(crate) fn from_json(value: &serde_json::Value) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map_err(|error| format!("no training run wrote it ({error})"))
    }
}
