//! Images to learn from: the [`Dataset`] trait, the [`datasets`] known by name, and the [`Loader`] that prepares
//! batches on another thread.
//!
//! What a sample looks like and where it comes in an epoch is a pure function of (seed, epoch, index), never of timing.
#![forbid(unsafe_code)]

mod dataset;
pub mod datasets;
mod error;
mod loader;

pub use dataset::{Dataset, Draw, Normalization, Split};
pub use datasets::open;
pub use error::DataError;
pub use loader::{Batch, Epoch, Loader, Pass};
