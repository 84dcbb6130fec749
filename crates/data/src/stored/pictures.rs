//! Images held in memory as bytes.

use super::reader::Samples;
use super::set::Set;
use crate::augment::Views;
use crate::{DataError, Dataset, Draw, Normalization, Split};
use rarefy_core::Extent;

/// A data set of official files, read.
pub(crate) struct Pictures {
    name: &'static str,
    classes: usize,
    image_bytes: usize,
    normalization: Normalization,
    /// Input of every pixel value, a table a channel.
    tables: Vec<[f32; 256]>,
    views: Views,
    train: Samples,
    test: Samples,
    splits: [Vec<u32>; 2],
}

impl Pictures {
    /// Makes inputs of `train` and `test`; `splits` divides `train` into training and validation, and every image gets a
    /// black border of `border` pixels.
    pub(crate) fn new(
        set: &Set,
        normalization: Normalization,
        border: u16,
        splits: [Vec<u32>; 2],
        train: Samples,
        test: Samples,
    ) -> Self {
        let constants = normalization.mean.iter().zip(&normalization.std);
        let table = |(mean, std): (&f64, &f64)| {
            std::array::from_fn(|pixel| ((pixel as f64 / 255.0 - mean) / std) as f32)
        };
        Self {
            name: set.name,
            classes: set.classes,
            image_bytes: set.extent.len(),
            tables: constants.map(table).collect(),
            normalization,
            views: Views::new(set.augmentation, set.extent, border),
            train,
            test,
            splits,
        }
    }

    /// Pixels and label of a sample.
    fn stored(&self, split: Split, index: u32) -> Option<(&[u8], u8)> {
        let [train, validation] = &self.splits;
        let (samples, at) = match split {
            Split::Train => (&self.train, *train.get(index as usize)?),
            Split::Validation => (&self.train, *validation.get(index as usize)?),
            Split::Test => (&self.test, index),
        };
        let first = at as usize * self.image_bytes;
        Some((samples.pixels.get(first..first + self.image_bytes)?, *samples.labels.get(at as usize)?))
    }
}

impl Dataset for Pictures {
    fn name(&self) -> &str {
        self.name
    }

    fn extent(&self) -> Extent {
        self.views.extent()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn len(&self, split: Split) -> usize {
        match split {
            Split::Train => self.splits[0].len(),
            Split::Validation => self.splits[1].len(),
            Split::Test => self.test.labels.len(),
        }
    }

    fn normalization(&self) -> Normalization {
        self.normalization.clone()
    }

    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError> {
        let Some((pixels, label)) = self.stored(split, index) else {
            return Err(DataError::Index { dataset: self.name.into(), split, len: self.len(split), index });
        };
        let expected = self.extent().len();
        if image.len() != expected {
            return Err(DataError::Buffer { dataset: self.name.into(), expected, found: image.len() });
        }
        self.views.render(self.views.view(draw, index), pixels, &self.tables, image);
        Ok(u32::from(label))
    }
}
