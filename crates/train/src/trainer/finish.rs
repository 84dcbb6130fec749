//! After the last epoch: the test, read once, and the summary.

use super::epoch::evaluate;
use super::{Trainer, loader};
use crate::error::TrainError;
use crate::keeper::Keeper;
use crate::machine::{cpu_name, isa, peak_rss_mb};
use crate::metrics::{Movement, Summary, Tally};
use crate::run_dir::files;
use rarefy_data::Split;
use std::time::Instant;

impl Trainer {
    /// Tests the last and the best network and keeps the summary. The session keeps the last network.
    pub(super) fn finish(&mut self, keeper: &mut dyn Keeper) -> Result<Summary, TrainError> {
        let started = Instant::now();
        let last = self.evaluate(Split::Test)?;
        let best = match self.progress.best {
            Some(best) if best.epoch < self.progress.epoch => self.test_best(keeper, best.epoch)?,
            _ => last,
        };
        let epochs = self.recipe.total_epochs() - self.first_epoch();
        let samples = u64::from(epochs) * self.train.samples() as u64;
        let epochs_secs: f64 = keeper.records().iter().map(|record| record.seconds).sum();
        let recipe = &self.recipe;
        let planned = self.dynamic.as_ref().map(|dynamic| dynamic.settings().planned());
        let summary = Summary {
            model: recipe.model.clone(),
            data: recipe.data.clone(),
            sparse_init: recipe.sparse_init.clone(),
            method: recipe.method.to_string(),
            seeds: Some(recipe.seeds()),
            best_epoch: self.progress.best.map_or(self.progress.epoch, |best| best.epoch),
            val_acc: self.progress.best.map(|best| best.val_acc),
            test_acc: best.map(|tally| tally.accuracy()),
            test_acc_last: last.map(|tally| tally.accuracy()),
            test_loss: best.map(|tally| tally.loss()),
            seconds: epochs_secs + started.elapsed().as_secs_f64(),
            peak_rss_mb: peak_rss_mb(),
            nnz: self.counts.nnz,
            density: self.counts.density(),
            macs_sparse: self.counts.macs_sparse,
            macs_dense: self.counts.macs_dense,
            train_flops: match &self.dynamic {
                Some(_) => self.flops,
                None => self.counts.static_train_flops(samples),
            },
            movement: planned.and_then(|planned| Movement::of(keeper.records(), planned)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cpu: cpu_name(),
            isa: isa().to_owned(),
        };
        keeper.finish(&summary)?;
        Ok(summary)
    }

    /// Tests the best network in place of the last, which then returns.
    fn test_best(&mut self, keeper: &mut dyn Keeper, epoch: u32) -> Result<Option<Tally>, TrainError> {
        let best = keeper.load_best(self.session.graph())?;
        if best.meta.epoch != u64::from(epoch) {
            let problem = format!("it holds epoch {}", best.meta.epoch);
            return Err(TrainError::BestLost { path: files::BEST.into(), epoch, problem });
        }
        let (last, steps) = (self.session.store().try_clone()?, self.session.steps());
        self.session.restore(best.store, best.meta.step).map_err(TrainError::Session)?;
        let tally = self.evaluate(Split::Test);
        self.session.restore(last, steps).map_err(TrainError::Session)?;
        tally
    }

    /// Loss and accuracy of a whole split with the network as it is now; `None` if the split is empty.
    ///
    /// # Errors
    /// Data that cannot be read, a loss that is not finite.
    pub fn evaluate(&mut self, split: Split) -> Result<Option<Tally>, TrainError> {
        let Some(mut loader) = loader(&self.dataset, split, self.recipe.test_batch_size())? else {
            return Ok(None);
        };
        let at = (self.progress.step, self.progress.epoch);
        evaluate(&mut self.session, &mut loader, self.recipe.batch_size, at).map(Some)
    }
}
