//! Where a run keeps its checkpoints and metrics.

use crate::error::TrainError;
use crate::flow::GradientFlow;
use crate::metrics::{EpochRecord, Summary};
use crate::progress::Position;
use rarefy_formats::{Checkpoint, Extras, Meta};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;

/// Keeps what a run must not lose. [`crate::RunDir`] keeps it in files, [`InMemory`] does not outlive the process.
///
/// The trainer calls in an order that makes any moment a safe one to die: after an epoch record, best, last; when a run goes on best,
/// last, cut.
pub trait Keeper {
    /// Keeps the latest position, from which the run can continue; `extras` are the training method's own numbers.
    fn save_last(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError>;

    /// Keeps the best epoch so far, as [`Keeper::save_last`] keeps the latest position.
    fn save_best(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError>;

    /// Gives the best epoch back.
    fn load_best(&mut self, graph: &Graph) -> Result<Checkpoint, TrainError>;

    /// Adds an epoch's line, replacing lines of the same and later epochs.
    fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError>;

    /// Forgets what comes after a position that the run goes on from, and will be done again.
    ///
    /// # Errors
    /// Records that cannot be those of a run at this position.
    fn cut(&mut self, position: &Position) -> Result<(), TrainError>;

    /// Adds a line of gradient norms; it is kept with the next position. By default it is not kept.
    fn gradient_flow(&mut self, _flow: GradientFlow) {}

    /// Lines kept so far.
    fn records(&self) -> &[EpochRecord];

    /// Keeps the summary of the finished run.
    fn finish(&mut self, summary: &Summary) -> Result<(), TrainError>;
}

/// Keeps the best and the last network and all metrics in memory.
#[derive(Clone, Debug, Default)]
pub struct InMemory {
    last: Option<Checkpoint>,
    best: Option<Checkpoint>,
    records: Vec<EpochRecord>,
}

impl InMemory {
    /// Keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The latest position.
    pub fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }

    /// The best epoch.
    pub fn best(&self) -> Option<&Checkpoint> {
        self.best.as_ref()
    }
}

impl Keeper for InMemory {
    fn save_last(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        self.last =
            Some(Checkpoint { meta: meta.clone(), store: store.try_clone()?, extras: extras.clone() });
        Ok(())
    }

    fn save_best(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        self.best =
            Some(Checkpoint { meta: meta.clone(), store: store.try_clone()?, extras: extras.clone() });
        Ok(())
    }

    fn load_best(&mut self, _graph: &Graph) -> Result<Checkpoint, TrainError> {
        self.best.clone().ok_or(TrainError::NoBest)
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        push_record(&mut self.records, record);
        Ok(())
    }

    fn cut(&mut self, position: &Position) -> Result<(), TrainError> {
        self.records.retain(|record| record.epoch <= position.epoch);
        Ok(())
    }

    fn records(&self) -> &[EpochRecord] {
        &self.records
    }

    fn finish(&mut self, _summary: &Summary) -> Result<(), TrainError> {
        Ok(())
    }
}

/// Adds `record` after the lines of earlier epochs; a resumed run does epochs again that were recorded after its checkpoint.
pub(crate) fn push_record(records: &mut Vec<EpochRecord>, record: &EpochRecord) {
    records.retain(|kept| kept.epoch < record.epoch);
    records.push(record.clone());
}
