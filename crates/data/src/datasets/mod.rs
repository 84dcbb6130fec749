//! Data sets by name: one file each, one line in [`REGISTRY`].

mod digits;

pub use digits::Digits;

use crate::{DataError, Dataset};
use rarefy_core::{same_name, suggest};
use std::sync::Arc;

/// A data set known by name.
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line for help texts.
    pub about: &'static str,
    /// Opens it.
    pub open: fn() -> Result<Arc<dyn Dataset>, DataError>,
}

/// Every data set.
pub const REGISTRY: &[Entry] = &[digits::ENTRY];

/// Opens the data set called `name`; letter case does not matter, and `-` is `_`.
///
/// # Errors
/// [`DataError::Unknown`] with all names and the nearest; [`DataError::Corrupt`] if its data are damaged.
pub fn open(name: &str) -> Result<Arc<dyn Dataset>, DataError> {
    match REGISTRY.iter().find(|entry| same_name(entry.name, name)) {
        Some(entry) => (entry.open)(),
        None => Err(DataError::Unknown {
            name: name.into(),
            nearest: suggest(name, names()),
            choices: names().collect::<Vec<_>>().join(", "),
        }),
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|entry| entry.name)
}
