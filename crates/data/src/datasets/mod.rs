//! Data sets by name: one file each, one line in [`REGISTRY`].

mod cifar10;
mod cifar100;
mod digits;
mod fashion_mnist;
mod mnist;

pub use digits::Digits;

use crate::stored::Set;
use crate::{DataError, Dataset, Options};
use rarefy_core::{Extent, same_name, suggest};
use std::sync::Arc;

/// A data set known by name.
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line for help texts.
    pub about: &'static str,
    /// Opens it.
    pub open: fn(&Options) -> Result<Arc<dyn Dataset>, DataError>,
    /// Its files; none if it is part of the program.
    pub(crate) set: Option<&'static Set>,
}

/// Every data set.
pub const REGISTRY: &[Entry] =
    &[digits::ENTRY, cifar10::ENTRY, cifar100::ENTRY, fashion_mnist::ENTRY, mnist::ENTRY];

/// Opens the data set called `name`; letter case does not matter, and `-` is `_`.
///
/// # Errors
/// [`DataError::Unknown`] with all names and the nearest; [`DataError::Option`] for options it does not have;
/// [`DataError::Missing`] if its files are not there (how to get them is in the message); [`DataError::File`] and
/// [`DataError::Corrupt`] if they are damaged.
pub fn open(name: &str, options: &Options) -> Result<Arc<dyn Dataset>, DataError> {
    (find(name)?.open)(options)
}

/// Extent of the images and number of classes of the data set called `name`, opened with the default options. Its files
/// need not be there.
///
/// # Errors
/// [`DataError::Unknown`].
pub fn shape(name: &str) -> Result<(Extent, usize), DataError> {
    let entry = find(name)?;
    match entry.set {
        Some(set) => Ok((set.extent, set.classes)),
        None => (entry.open)(&Options::default()).map(|data| (data.extent(), data.classes())),
    }
}

/// The entry called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Entry, DataError> {
    REGISTRY.iter().find(|entry| same_name(entry.name, name)).ok_or_else(|| DataError::Unknown {
        name: name.into(),
        nearest: suggest(name, names()),
        choices: names().collect::<Vec<_>>().join(", "),
    })
}

fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|entry| entry.name)
}
