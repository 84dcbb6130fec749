//! Images to learn from: the [`Dataset`] trait, the [`datasets`] known by name, their files ([`fetch()`], [`verify()`]), and
//! the [`Loader`] that prepares batches on another thread.
//!
//! What a sample looks like and where it comes in an epoch is a pure function of (seed, epoch, index), never of timing.
#![forbid(unsafe_code)]

pub mod augment;
mod data_dir;
mod dataset;
pub mod datasets;
mod error;
mod fetch;
mod loader;
mod options;
mod stored;

pub use data_dir::{DATA_DIR_VARIABLE, data_dir};
pub use dataset::{Dataset, Draw, Normalization, Split};
pub use datasets::{open, shape};
pub use error::DataError;
pub use fetch::{Event, FetchError, Fetched, fetch};
pub use loader::{Batch, Epoch, Loader, Pass};
pub use options::{Constants, Options, UnknownConstants};
pub use stored::{FileError, FileReport, Status, status, verify};
