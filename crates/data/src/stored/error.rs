//! What can be wrong with a file of a data set.

use rarefy_core::memory::OutOfMemory;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file of a data set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file is not what its format says.
    #[error("{}, byte {offset}: {problem}", path.display())]
    Content {
        /// File.
        path: PathBuf,
        /// First byte that is wrong, from 0; of a `.gz` file, of its unpacked content.
        offset: u64,
        /// What was expected and found.
        problem: String,
    },
    /// The file has the right format but is not the published one.
    #[error("{}: the checksum is {found}, expected {expected}: the file is damaged or another one", path.display())]
    Checksum {
        /// File.
        path: PathBuf,
        /// Published checksum (of a `.gz` file of a data set, that of its content).
        expected: String,
        /// Checksum of the file.
        found: String,
    },
    /// There is not enough memory for its content.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The system refused.
    #[error("cannot {action} {}: {reason}", path.display())]
    Io {
        /// What was tried, e.g. `read`.
        action: &'static str,
        /// File or folder.
        path: PathBuf,
        /// Kind of the refusal.
        kind: io::ErrorKind,
        /// The system's words.
        reason: String,
    },
}

impl FileError {
    /// The system refused to do `action` with `path`.
    pub(crate) fn io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), kind: error.kind(), reason: error.to_string() }
    }

    /// Whether the system refused, rather than the file being bad.
    pub fn is_system(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Memory(_))
    }
}
