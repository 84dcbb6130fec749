//! What can go wrong with an evaluation.

use crate::stats::GroupingError;
use rarefy_core::memory::OutOfMemory;
use rarefy_data::DataError;
use rarefy_nn::SessionError;
use std::path::PathBuf;

/// Why a network could not be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The engine.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// No such name in a registry.
    #[error("unknown {kind} `{name}`{}; choices are {choices}", did_you_mean(.nearest))]
    Unknown {
        /// What is named, e.g. `attack`.
        kind: &'static str,
        /// The name given.
        name: String,
        /// The name it was probably meant to be.
        nearest: Option<&'static str>,
        /// All names.
        choices: String,
    },
    /// Nothing to evaluate on.
    #[error("{what} has no samples")]
    Empty {
        /// The set.
        what: String,
    },
    /// Temperature scaling without data to fit it to.
    #[error("the data set `{data}` has no validation split, and the temperature is fitted to one")]
    NoValidation {
        /// Data set.
        data: String,
    },
    /// Images or classes of another kind than the network's.
    #[error("the network expects {expected}, {what} has {found}")]
    Unfit {
        /// What was given.
        what: String,
        /// What the network is made for.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Numbers of a length that does not fit, e.g. labels and logits.
    #[error("expected {expected} {what}, found {found}")]
    Length {
        /// What is counted.
        what: &'static str,
        /// Their number.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// A setting out of its range.
    #[error("{what} must be {expected}, found {found}")]
    Range {
        /// The setting.
        what: &'static str,
        /// Its range.
        expected: &'static str,
        /// The value given.
        found: String,
    },
    /// The network gave a number that is none.
    #[error("{place} is not a finite number")]
    NonFinite {
        /// Quantity.
        place: String,
    },
    /// Runs that would make a comparison wrong.
    #[error(transparent)]
    Grouping(#[from] GroupingError),
    /// Part of a set of images is missing or damaged.
    #[error("{}: {problem}", path.display())]
    Incomplete {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// A source of pictures without the folder that they are in.
    #[error("`imagefolder` needs the folder of its pictures: imagefolder:DIR")]
    NoFolder,
    /// A file of the wrong form.
    #[error("{} cannot be used: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// The system refused a file.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

fn did_you_mean(nearest: &Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
