//! The checkpoint: everything needed to continue a run bit for bit, in one safetensors file.

mod meta;

pub use meta::{DataInfo, Meta, Seeds};

use crate::FormatError;
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;
use std::path::Path;

/// A network at one moment of its training.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Which network, where it stands, and the trainer's state.
    pub meta: Meta,
    /// Patterns, values, optimizer state and running statistics. The gradient is not stored: it comes back as zeros.
    pub store: ParamStore,
}

/// What the header alone tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Which network, where it stands, and the trainer's state.
    pub meta: Meta,
    /// Version of the program that wrote it.
    pub version: String,
    /// Existing prunable weights.
    pub nnz: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// Writes a checkpoint of `store` to `path`, atomically. Equal content gives equal bytes.
///
/// # Errors
/// [`FormatError::Io`], or [`FormatError::Unstorable`] for a `state` that JSON cannot carry; `path` is then as it was.
pub fn save(path: &Path, meta: &Meta, store: &ParamStore) -> Result<(), FormatError> {
    let _ = (path, meta, store);
    todo!()
}

/// Reads the header of the checkpoint at `path` and the file's length; the numbers are neither read nor verified.
pub fn inspect(path: &Path) -> Result<Inspection, FormatError> {
    let _ = path;
    todo!()
}

impl Checkpoint {
    /// Writes the checkpoint; see [`save`].
    pub fn save(&self, path: &Path) -> Result<(), FormatError> {
        save(path, &self.meta, &self.store)
    }

    /// Reads and verifies a checkpoint of one of the known models.
    pub fn load(path: &Path) -> Result<Self, FormatError> {
        let _ = path;
        todo!()
    }

    /// Reads and verifies a checkpoint of `graph`, which may be of your own making.
    ///
    /// # Errors
    /// Also [`FormatError::AnotherModel`].
    pub fn load_for(path: &Path, graph: &Graph) -> Result<Self, FormatError> {
        let _ = (path, graph);
        todo!()
    }
}
