//! How a data set is opened.

use rarefy_core::{same_name, suggest};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Choices a data set leaves open; the default is the protocol of the papers.
///
/// A choice that a data set does not have is an error, never ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Folder of the data sets' files; by default see [`crate::data_dir()`]. Embedded data needs none.
    pub data_dir: Option<PathBuf>,
    /// Share of the training images that becomes the validation split, from 0 (train on all) to below 1; by default the
    /// data set's own, 0.1.
    pub valid_split: Option<f64>,
    /// Draws the validation split at random by this seed; by default it is the last images.
    pub split_seed: Option<u64>,
    /// Constants of the normalization.
    pub normalization: Constants,
    /// Black borders around 28 x 28 images make them 32 x 32.
    pub pad_to_32: bool,
}

/// Which published mean and standard deviation the pixels are normalized by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Constants {
    /// Those of the data: mean and standard deviation over all training pixels.
    #[default]
    Standard,
    /// Those of the published code, where they differ: a standard deviation averaged over images (CIFAR-10).
    Published,
}

impl Constants {
    /// All choices.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Published];

    /// Name on the command line and in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Published => "published",
        }
    }
}

impl fmt::Display for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of [`Constants`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown normalization `{name}`{}; choices are standard, published", .nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?")))]
pub struct UnknownConstants {
    /// The name given.
    pub name: String,
    /// The name it was probably meant to be.
    pub nearest: Option<&'static str>,
}

impl FromStr for Constants {
    type Err = UnknownConstants;

    fn from_str(name: &str) -> Result<Self, UnknownConstants> {
        Self::ALL.into_iter().find(|choice| same_name(choice.name(), name)).ok_or_else(|| UnknownConstants {
            name: name.into(),
            nearest: suggest(name, Self::ALL.map(Self::name)),
        })
    }
}
