//! What is loaded: batches, and which samples they hold.

use crate::{DataError, Dataset, Draw, Split};
use rarefy_core::memory;
use rarefy_core::random::{Purpose, Stream};

/// Images and labels of some samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Inputs, NCHW.
    pub images: Vec<f32>,
    /// One label a sample.
    pub labels: Vec<u32>,
}

impl Batch {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether it holds no sample (never, when a loader gives it).
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Which samples are loaded, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// The training split, shuffled anew every epoch and augmented.
    Train {
        /// The run's data seed.
        seed: u64,
    },
    /// A split in its own order, never augmented.
    Evaluate(Split),
}

impl Pass {
    /// The split it reads.
    pub fn split(self) -> Split {
        match self {
            Self::Train { .. } => Split::Train,
            Self::Evaluate(split) => split,
        }
    }

    /// Puts into `order` the samples `0..samples` in the order in which `epoch` visits them.
    pub(super) fn order(self, epoch: u32, samples: usize, order: &mut Vec<u32>) {
        order.clear();
        order.extend((0..u32::MAX).take(samples));
        if let Self::Train { seed } = self {
            Stream::new(seed, Purpose::Order, u64::from(epoch)).shuffle(order);
        }
    }

    fn draw(self, epoch: u32) -> Option<Draw> {
        match self {
            Self::Train { seed } => Some(Draw { seed, epoch }),
            Self::Evaluate(_) => None,
        }
    }

    /// Loads the samples `indices` into `batch`.
    pub(super) fn fill(
        self,
        dataset: &dyn Dataset,
        epoch: u32,
        indices: &[u32],
        batch: &mut Batch,
    ) -> Result<(), DataError> {
        let (split, classes, pixels) = (self.split(), dataset.classes(), dataset.extent().len());
        let numbers = indices.len().saturating_mul(pixels);
        memory::resize(&mut batch.images, numbers, 0.0, "a batch of images")?;
        batch.labels.clear();
        memory::reserve(&mut batch.labels, indices.len(), "a batch of labels")?;
        for (&index, image) in indices.iter().zip(batch.images.chunks_exact_mut(pixels.max(1))) {
            let label = dataset.sample(split, index, self.draw(epoch), image)?;
            if label as usize >= classes {
                return Err(DataError::Label {
                    dataset: dataset.name().into(),
                    split,
                    index,
                    label,
                    classes,
                });
            }
            batch.labels.push(label);
        }
        Ok(())
    }
}

/// A batch to prepare.
pub(super) struct Request {
    pub(super) epoch: u32,
    pub(super) batch: usize,
    pub(super) buffer: Batch,
}
