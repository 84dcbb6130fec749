//! Continuing from a checkpoint.

use super::Trainer;
use crate::accounting::Counts;
use crate::dynamic::Dynamic;
use crate::error::TrainError;
use crate::keeper::Keeper;
use crate::progress::{Best, Position, Progress, State};
use crate::resume::damaged;
use crate::run_dir::files;
use rarefy_core::memory;
use rarefy_data::Split;
use rarefy_formats::{Checkpoint, FormatError};
use std::path::Path;

impl Trainer {
    /// Continues from the checkpoint at `path`, which must be of this recipe and lie in the run's folder, beside the
    /// checkpoint of its best epoch (unless it is of that epoch itself).
    ///
    /// # Errors
    /// A damaged checkpoint, one of another network or run, a position that does not exist, [`TrainError::BestLost`]. The
    /// trainer is then unchanged.
    pub fn resume(&mut self, path: &Path) -> Result<(), TrainError> {
        self.resume_at(path, false)
    }

    /// [`Trainer::resume`], also if the checkpoint of the best epoch is lost: then the epoch at whose end `path` stands is the
    /// best, until a better one follows.
    ///
    /// # Errors
    /// As [`Trainer::resume`], but for [`TrainError::BestLost`]; a validation that fails.
    pub fn resume_forgetting_best(&mut self, path: &Path) -> Result<(), TrainError> {
        self.resume_at(path, true)
    }

    fn resume_at(&mut self, path: &Path, may_forget: bool) -> Result<(), TrainError> {
        let loaded = Checkpoint::load_for(path, self.session.graph());
        let Checkpoint { meta, mut store, extras } =
            loaded.map_err(|error| damaged(path, self.session.graph(), error))?;
        let mut progress = self.position(path, &meta)?;
        let best = self.check_best(path, &progress);
        let lost = matches!(best, Err(TrainError::BestLost { .. }));
        if !(lost && may_forget) {
            best?;
        }
        if lost {
            progress.best = None;
        }
        let refuse = |problem: String| TrainError::NotResumable { path: path.to_owned(), problem };
        let state = State::from_json(&meta.state).map_err(refuse)?;
        self.check_pattern(&state, &store, &progress).map_err(refuse)?;
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
        self.resumed = true;
        if lost { self.take_best_anew() } else { Ok(()) }
    }

    /// Where the run stands, as its records must have it.
    pub fn position_in_run(&self) -> Position {
        let moved = self.dynamic.as_ref().is_some_and(|dynamic| dynamic.has_moved());
        Position {
            first: self.first_epoch(),
            epoch: self.progress.epoch,
            step: self.progress.step,
            steps_per_epoch: self.train.batches() as u64,
            nnz: (!moved).then_some(self.counts.nnz),
        }
    }

    /// Keeps the position, and forgets what comes after it: from now on the run goes on from here, whatever else was kept.
    ///
    /// In this order every moment is a safe one to die: what the last checkpoint refers to is there before it, and what comes
    /// after it may stay.
    pub(super) fn go_on(&mut self, keeper: &mut dyn Keeper) -> Result<(), TrainError> {
        if self.is_best() {
            keeper.save_best(&self.meta()?, self.session.store(), &self.extras()?)?;
        }
        self.save_last(keeper)?;
        keeper.cut(&self.position_in_run())?;
        self.resumed = false;
        Ok(())
    }

    /// Whether the network is that of the best epoch.
    fn is_best(&self) -> bool {
        at_best(&self.progress)
    }

    /// The best epoch's network is needed at the end: better to miss it, or find it damaged, now. At the end of the best epoch
    /// it is the position itself.
    fn check_best(&self, path: &Path, progress: &Progress) -> Result<(), TrainError> {
        let Some(Best { epoch, .. }) = progress.best.filter(|_| !at_best(progress)) else { return Ok(()) };
        let best = path.with_file_name(files::BEST);
        let lost = |problem: String| TrainError::BestLost { path: best.clone(), epoch, problem };
        let found = match Checkpoint::load_for(&best, self.session.graph()) {
            Ok(found) => found.meta,
            Err(FormatError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(lost("it is missing".to_owned()));
            }
            Err(error @ FormatError::Io { .. }) => return Err(error.into()),
            Err(error) => return Err(lost(error.kind().to_string())),
        };
        // One past the position is of a run that was stopped before it could note so; it will be reached again.
        if found.epoch != u64::from(epoch) && found.epoch <= u64::from(progress.epoch) {
            return Err(lost(format!("it holds epoch {}", found.epoch)));
        }
        self.position(&best, &found).map(|_| ()).map_err(|error| lost(error.to_string()))
    }

    /// The epoch at whose end the run stands becomes its best.
    fn take_best_anew(&mut self) -> Result<(), TrainError> {
        let sparse_enough = self.dynamic.as_ref().is_none_or(|dynamic| dynamic.is_final(self.counts.nnz));
        if self.progress.batch > 0 || !sparse_enough {
            return Ok(());
        }
        let tally = self.evaluate(Split::Validation)?;
        let epoch = self.progress.epoch;
        self.progress.best =
            tally.map(|tally| Best { epoch, val_loss: tally.loss(), val_acc: tally.accuracy() });
        Ok(())
    }
}

/// Whether the run stands at the end of its best epoch.
fn at_best(progress: &Progress) -> bool {
    progress.batch == 0 && progress.best.is_some_and(|best| best.epoch == progress.epoch)
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
