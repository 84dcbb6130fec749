//! What a data set is.

use crate::DataError;
use rarefy_core::Extent;
use rarefy_core::random::{Purpose, Stream};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Split {
    /// Weights are fitted to it.
    Train,
    /// Chooses the best epoch; may be empty.
    Validation,
    /// Read once, after training.
    Test,
}

impl Split {
    /// All splits.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// Which random augmentation a sample gets: a function of (seed, epoch, index of the sample) alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Draw {
    /// The run's data seed.
    pub seed: u64,
    /// Epoch, from 0.
    pub epoch: u32,
}

impl Draw {
    /// The random words of sample `index`.
    pub fn stream(self, index: u32) -> Stream {
        Stream::new(self.seed, Purpose::Augment, u64::from(self.epoch) << 32 | u64::from(index))
    }
}

/// How pixels in 0..=1 become inputs: `(pixel - mean) / std`, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// Subtracted, one number a channel.
    pub mean: Vec<f64>,
    /// Divided by, one number a channel.
    pub std: Vec<f64>,
}

impl Normalization {
    /// Inputs are the pixels in 0..=1 themselves.
    pub fn identity(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], std: vec![1.0; channels] }
    }
}

/// Labelled images of one extent. Implement it to train on your own data.
///
/// All methods are pure: the same arguments give the same answer, from any thread.
pub trait Dataset: Send + Sync {
    /// Name in reports and checkpoints, e.g. `digits`.
    fn name(&self) -> &str;

    /// Channels, height and width of every image, as the network sees it.
    fn extent(&self) -> Extent;

    /// Number of classes; labels are below it.
    fn classes(&self) -> usize;

    /// Number of samples of a split (at most `u32::MAX`); 0 if there is no such split.
    fn len(&self, split: Split) -> usize;

    /// Whether a split has no sample.
    fn is_empty(&self, split: Split) -> bool {
        self.len(split) == 0
    }

    /// How pixels became inputs; stored in checkpoints.
    fn normalization(&self) -> Normalization;

    /// Writes sample `index` of `split` into `image` (CHW, normalized, `extent().len()` numbers, every one of them) and
    /// returns its label.
    ///
    /// `draw` asks for the training augmentation of that epoch, `None` for the plain image.
    ///
    /// # Errors
    /// [`DataError::Index`] past the split, [`DataError::Buffer`] for another buffer length, [`DataError::Sample`] if the
    /// sample cannot be read.
    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError>;
}
