//! What can go wrong with data.

use crate::{FetchError, FileError, Split};
use rarefy_core::memory::OutOfMemory;
use std::path::PathBuf;

/// Why data could not be opened or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No data set of this name.
    #[error("unknown data set `{name}`{}; choices are {choices}", did_you_mean(.nearest))]
    Unknown {
        /// The name given.
        name: String,
        /// The name it was probably meant to be.
        nearest: Option<&'static str>,
        /// All names.
        choices: String,
    },
    /// The stored data are not what they should be.
    #[error("the data of `{dataset}` are damaged: {problem}")]
    Corrupt {
        /// Data set.
        dataset: String,
        /// What was expected and found.
        problem: String,
    },
    /// The environment does not tell where the user's data are.
    #[error("no folder for data sets: give --data-dir or set RAREFY_DATA")]
    NoDataDir,
    /// The files are not there.
    #[error(
        "the data set `{dataset}` is not here: there is no {}; `rarefy data fetch {dataset}` gets it, --data-dir or RAREFY_DATA says where it is",
        path.display()
    )]
    Missing {
        /// Data set.
        dataset: String,
        /// The first missing file.
        path: PathBuf,
    },
    /// One of the files cannot be used.
    #[error("{error}{}", replace(.dataset, .error))]
    File {
        /// Data set.
        dataset: String,
        /// What is wrong.
        error: FileError,
    },
    /// The data set does not have this choice.
    #[error("`{option}` does not suit the data set `{dataset}`: {problem}")]
    Option {
        /// Data set.
        dataset: String,
        /// Field of [`crate::Options`].
        option: &'static str,
        /// What was expected and found.
        problem: String,
    },
    /// The files could not be fetched.
    #[error("could not fetch `{dataset}`: {error}")]
    Fetch {
        /// Data set.
        dataset: String,
        /// Why.
        error: FetchError,
    },
    /// A sample past the end of a split.
    #[error("`{dataset}` has {len} {split} samples, there is no sample {index}")]
    Index {
        /// Data set.
        dataset: String,
        /// Split.
        split: Split,
        /// Samples in the split.
        len: usize,
        /// The sample asked for.
        index: u32,
    },
    /// The buffer does not hold one image.
    #[error("an image of `{dataset}` has {expected} numbers, the buffer given {found}")]
    Buffer {
        /// Data set.
        dataset: String,
        /// Numbers in an image.
        expected: usize,
        /// Length of the buffer.
        found: usize,
    },
    /// A data set returned a label that is no class.
    #[error("{split} sample {index} of `{dataset}` has label {label}, but there are {classes} classes (0 to {})", .classes.saturating_sub(1))]
    Label {
        /// Data set.
        dataset: String,
        /// Split.
        split: Split,
        /// Sample.
        index: u32,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A sample could not be read; for data sets of your own.
    #[error("{split} sample {index} of `{dataset}`: {problem}")]
    Sample {
        /// Data set.
        dataset: String,
        /// Split.
        split: Split,
        /// Sample.
        index: u32,
        /// What happened.
        problem: String,
    },
    /// A batch must hold at least one sample.
    #[error("the batch size must be at least 1")]
    BatchSize,
    /// More samples than 32-bit indices reach.
    #[error("the {split} split of `{dataset}` has {len} samples; at most {} can be loaded", u32::MAX)]
    TooLarge {
        /// Data set.
        dataset: String,
        /// Split.
        split: Split,
        /// Its samples.
        len: usize,
    },
    /// An epoch cannot start there.
    #[error("an epoch has {batches} batches, it cannot start at batch {first}")]
    Start {
        /// Batches in an epoch.
        batches: usize,
        /// Where it should have started.
        first: usize,
    },
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The loading thread could not be started.
    #[error("could not start the loading thread: {reason}")]
    Thread {
        /// The system's reason.
        reason: String,
    },
    /// The data set panicked on the loading thread.
    #[error("loading `{dataset}` panicked: {message}")]
    Panicked {
        /// Data set.
        dataset: String,
        /// The panic's message.
        message: String,
    },
}

impl DataError {
    /// Whether the system or the network refused, rather than the request or the data being bad.
    pub fn is_system(&self) -> bool {
        match self {
            Self::NoDataDir | Self::Thread { .. } | Self::Memory(_) => true,
            Self::File { error, .. } => error.is_system(),
            Self::Fetch { error, .. } => error.is_system(),
            _ => false,
        }
    }
}

fn replace(dataset: &str, error: &FileError) -> String {
    if error.is_system() { String::new() } else { format!("; `rarefy data fetch {dataset}` replaces it") }
}

fn did_you_mean(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
