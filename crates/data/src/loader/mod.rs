//! Batches in a fixed order, prepared ahead on another thread.

mod batch;
mod worker;

pub use batch::{Batch, Pass};

use crate::{DataError, Dataset, Split};
use batch::Request;
use std::sync::Arc;
use worker::Worker;

/// Batches prepared while the caller computes: one more than this many are in use at a time.
const AHEAD: usize = 2;

/// Cuts a split of a data set into batches, epoch after epoch.
///
/// Which samples a batch holds, and how they look, depends on the data set, [`Pass`], epoch and batch number alone. Once
/// every buffer has held a full batch, loading allocates nothing. Dropping the loader, or an [`Epoch`] midway, is fine.
pub struct Loader {
    dataset: Arc<dyn Dataset>,
    pass: Pass,
    samples: usize,
    batch_size: usize,
    worker: Worker,
    spare: Vec<Batch>,
    current: Batch,
}

impl Loader {
    /// Loads the split of `pass` in batches of `batch_size` samples; the last batch of an epoch holds what is left.
    ///
    /// # Errors
    /// A batch size of 0, a split of more than `u32::MAX` samples, no thread to be had.
    pub fn new(dataset: Arc<dyn Dataset>, pass: Pass, batch_size: usize) -> Result<Self, DataError> {
        let (split, samples) = (pass.split(), dataset.len(pass.split()));
        if batch_size == 0 {
            return Err(DataError::BatchSize);
        }
        if u32::try_from(samples).is_err() {
            return Err(DataError::TooLarge { dataset: dataset.name().into(), split, len: samples });
        }
        // No batch can be larger than the split, whatever was asked for.
        let batch_size = batch_size.min(samples.max(1));
        let worker = Worker::spawn(Arc::clone(&dataset), pass, samples, batch_size)?;
        let spare = Vec::with_capacity(AHEAD + 1);
        Ok(Self { dataset, pass, samples, batch_size, worker, spare, current: Batch::default() })
    }

    /// The data set.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// The split it loads.
    pub fn split(&self) -> Split {
        self.pass.split()
    }

    /// Samples in an epoch.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Batches in an epoch, the partial last one included.
    pub fn batches(&self) -> usize {
        self.samples.div_ceil(self.batch_size)
    }

    /// The batch that an epoch gave last; empty before the first.
    pub fn latest(&self) -> &Batch {
        &self.current
    }

    /// Starts `epoch` at batch `first`, which may be [`Loader::batches`] (nothing is left). [`Pass::Evaluate`] ignores
    /// the epoch.
    ///
    /// # Errors
    /// `first` past the epoch, or a data set that panicked before.
    pub fn epoch(&mut self, epoch: u32, first: usize) -> Result<Epoch<'_>, DataError> {
        let batches = self.batches();
        if first > batches {
            return Err(DataError::Start { batches, first });
        }
        self.worker.discard(&mut self.spare)?;
        let mut pass = Epoch { loader: self, epoch, next: first, requested: first, failed: None };
        pass.request_ahead();
        Ok(pass)
    }
}

/// One pass over the batches of an epoch.
pub struct Epoch<'a> {
    loader: &'a mut Loader,
    epoch: u32,
    next: usize,
    requested: usize,
    failed: Option<DataError>,
}

impl Epoch<'_> {
    /// The next batch, or `None` after the last.
    ///
    /// # Errors
    /// What the data set returned for one of its samples, or its panic; asking again gives the same error.
    pub fn next_batch(&mut self) -> Result<Option<&Batch>, DataError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.next == self.loader.batches() {
            return Ok(None);
        }
        match self.loader.worker.receive() {
            Ok(batch) => {
                self.next += 1;
                let used = std::mem::replace(&mut self.loader.current, batch);
                self.loader.spare.push(used);
                self.request_ahead();
                Ok(Some(&self.loader.current))
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Number of the batch that [`Epoch::next_batch`] gives next.
    pub fn position(&self) -> usize {
        self.next
    }

    fn request_ahead(&mut self) {
        while self.requested < self.loader.batches() && self.loader.worker.outstanding() < AHEAD {
            let buffer = self.loader.spare.pop().unwrap_or_default();
            self.loader.worker.request(Request { epoch: self.epoch, batch: self.requested, buffer });
            self.requested += 1;
        }
    }
}
