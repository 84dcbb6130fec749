//! Data sets by name: one file each, one line in [`REGISTRY`].

mod digits;

pub use digits::Digits;

use crate::{DataError, Dataset};
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

/// Opens the data set called `name`.
///
/// # Errors
/// [`DataError::Unknown`] with all names and the nearest; [`DataError::Corrupt`] if its data are damaged.
pub fn open(name: &str) -> Result<Arc<dyn Dataset>, DataError> {
    match REGISTRY.iter().find(|entry| entry.name == name) {
        Some(entry) => (entry.open)(),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> DataError {
    let choices = REGISTRY.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
    DataError::Unknown { name: name.into(), hint: String::new(), choices }
}
