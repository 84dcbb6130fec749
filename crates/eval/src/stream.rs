//! Images of a data set, batch after batch, as inputs of a network or as pixels.

use crate::error::EvalError;
use crate::progress::Progress;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_data::{Batch, Dataset, Loader, Normalization, Pass, Split};
use std::sync::Arc;

/// What memory for images is for.
pub(crate) const BATCH: &str = "a batch of images";

/// Gives the first `most` samples of a split to `each` in batches of up to `size`, with the number of the first sample. Only
/// a few batches are in memory at a time.
///
/// # Errors
/// An empty split, data that cannot be read, whatever `each` returns.
pub fn for_each_batch(
    dataset: &Arc<dyn Dataset>,
    split: Split,
    size: usize,
    most: usize,
    progress: &mut dyn Progress,
    mut each: impl FnMut(usize, &Batch) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    if dataset.is_empty(split) {
        let what = format!("the {split} split of the data set `{}`", dataset.name());
        return Err(EvalError::Empty { what });
    }
    let most = most.min(dataset.len(split));
    let mut loader = Loader::new(Arc::clone(dataset), Pass::Evaluate(split), size)?;
    let mut pass = loader.epoch(0, 0)?;
    let mut first = 0;
    let mut cut = Batch::default();
    while first < most {
        let Some(mut batch) = pass.next_batch()? else { break };
        if first + batch.len() > most {
            let pixels = batch.images.len() / batch.len();
            cut.labels = memory::copied(&batch.labels[..most - first], BATCH)?;
            cut.images = memory::copied(&batch.images[..(most - first) * pixels], BATCH)?;
            batch = &cut;
        }
        each(first, batch)?;
        first += batch.len();
        progress.advance(batch.len());
    }
    Ok(())
}

/// Turns inputs of a data set back into pixels.
#[derive(Clone, Debug)]
pub struct Pixels {
    constants: Normalization,
    area: usize,
}

impl Pixels {
    /// For inputs of `dataset`.
    pub fn of(dataset: &dyn Dataset) -> Self {
        Self { constants: dataset.normalization(), area: dataset.extent().area() }
    }

    /// The pixels of normalized `inputs`, cut to 0..=1 (rounding alone can leave it).
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn restore(&self, inputs: &[f32]) -> Result<Vec<f32>, OutOfMemory> {
        let channels = self.constants.mean.len().max(1);
        let mut pixels = memory::room(inputs.len(), BATCH)?;
        for (plane, inputs) in inputs.chunks_exact(self.area.max(1)).enumerate() {
            let (mean, std) = (self.constants.mean[plane % channels], self.constants.std[plane % channels]);
            pixels.extend(inputs.iter().map(|&input| (f64::from(input) * std + mean).clamp(0.0, 1.0) as f32));
        }
        Ok(pixels)
    }
}
