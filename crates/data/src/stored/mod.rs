//! Data sets of official files on disk.

mod error;
mod layout;
mod locate;
mod partition;
mod pictures;
mod reader;
mod set;
mod sums;
mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use error::FileError;
pub use locate::Status;
pub use verify::{FileReport, status, verify};

pub(crate) use layout::Layout;
pub(crate) use locate::SUMS;
pub(crate) use reader::Samples;
pub(crate) use set::{DataFile, MeanStd, Set};
pub(crate) use sums::Sum;
pub(crate) use verify::verify_set;
