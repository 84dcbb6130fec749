//! What can be wrong with a file.

use rarefy_core::memory::OutOfMemory;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be read or written.
///
/// Errors name the file once it is known: see [`FormatError::File`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, e.g. `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file was to be written where a folder is.
    #[error("{} is a folder, a file was expected; name a file in it", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// There is not enough memory for what a file holds.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// What is wrong with which file.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The trouble; never `Io`, `Folder`, `Memory` or `File` again.
        source: Box<FormatError>,
    },
    /// A text file holds bytes that are no text.
    #[error("line {line} is not UTF-8 text")]
    NotText {
        /// Line, from 1.
        line: usize,
    },
    /// The file starts differently from every checkpoint.
    #[error(
        "this is no rarefy checkpoint (a safetensors file whose header starts with its length and checksum)"
    )]
    NotCheckpoint,
    /// The file ends early or goes on after its end.
    #[error(
        "the file should have {expected} bytes and has {found}; it was cut off or altered, use another checkpoint"
    )]
    Truncated {
        /// Bytes the file says it has; at least so many if it ends within its first fields.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The content is not what was written.
    #[error(
        "checksum mismatch: the file says {expected}, its content gives {found}; it was altered, use another checkpoint"
    )]
    Checksum {
        /// SHA-256 stored in the file.
        expected: String,
        /// SHA-256 of the content.
        found: String,
    },
    /// Written by a later program.
    #[error(
        "the file has checkpoint format {found}, this program reads up to {supported}; use a newer rarefy"
    )]
    NewerVersion {
        /// Format of the file.
        found: u32,
        /// Newest known format.
        supported: u32,
    },
    /// A checkpoint of another network than wanted.
    #[error("the checkpoint holds another network: expected {expected}, found {found}")]
    AnotherModel {
        /// The network wanted.
        expected: String,
        /// The network in the file.
        found: String,
    },
    /// The network's name is not known here.
    #[error(transparent)]
    Model(#[from] rarefy_nn::models::ModelError),
    /// The header is not what a checkpoint's is.
    #[error("malformed header: {problem}")]
    Header {
        /// What was expected and found.
        problem: String,
    },
    /// A tensor is not there.
    #[error("the tensor `{name}` is missing")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has another type or length.
    #[error("the tensor `{name}` should be {expected}, found {found}")]
    Tensor {
        /// Its name.
        name: String,
        /// Type and shape wanted.
        expected: String,
        /// Type and shape found.
        found: String,
    },
    /// A layer's structure is impossible.
    #[error("malformed pattern of `{parameter}`: {problem}")]
    Pattern {
        /// The weight.
        parameter: String,
        /// What was expected and found.
        problem: String,
    },
    /// A number that no training leaves.
    #[error(
        "the {place} is {found} at index {index}, every one should be {expected}; no network can be used with it"
    )]
    Number {
        /// Which numbers of which layer.
        place: String,
        /// Index among the layer's existing numbers, from 0.
        index: usize,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: f32,
    },
    /// The content cannot be stored.
    #[error("cannot store this in a checkpoint: {problem}")]
    Unstorable {
        /// Why.
        problem: String,
    },
}

impl FormatError {
    /// Names the file in an error about its content.
    pub(crate) fn at(self, path: &Path) -> Self {
        match self {
            named @ (Self::Io { .. } | Self::Folder { .. } | Self::Memory(_) | Self::File { .. }) => named,
            source => Self::File { path: path.to_owned(), source: Box::new(source) },
        }
    }

    /// The trouble itself, without the file's name.
    pub fn kind(&self) -> &Self {
        match self {
            Self::File { source, .. } => source,
            other => other,
        }
    }
}
