//! Why a data set could not be fetched.

use crate::FileError;
use std::path::PathBuf;

/// Why a data set could not be fetched from one source, or from any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The network: no such host, no answer, an answer that is no file, a connection that broke.
    #[error("{address}: {problem}")]
    Network {
        /// Address asked.
        address: String,
        /// What happened.
        problem: String,
    },
    /// Something that this source needs is not installed.
    #[error("{what} is not installed: {remedy}")]
    Unavailable {
        /// What is missing.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// A program that was to fetch the data failed.
    #[error("`{command}` failed: {problem}")]
    Program {
        /// Its command line.
        command: String,
        /// What it said.
        problem: String,
    },
    /// An archive cannot be unpacked.
    #[error("{}: {problem}", path.display())]
    Archive {
        /// Archive.
        path: PathBuf,
        /// What was expected and found.
        problem: String,
    },
    /// A file: bad content, a wrong checksum, a refusal of the system such as a full disk.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process fetches the same data set.
    #[error("another process is fetching it into {}", path.display())]
    Busy {
        /// Folder it works in.
        path: PathBuf,
    },
    /// No source had it.
    #[error("no source had it{}", list(.attempts))]
    NoSource {
        /// Every source tried, and why it failed.
        attempts: Vec<(String, Self)>,
    },
}

impl FetchError {
    /// Whether the system or the network is to blame, rather than bad data.
    pub fn is_system(&self) -> bool {
        match self {
            Self::File(error) => error.is_system(),
            Self::Archive { .. } => false,
            Self::NoSource { attempts } => attempts.iter().all(|(_, error)| error.is_system()),
            _ => true,
        }
    }

    /// Whether no other source can do better.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::File(FileError::Io { .. }) | Self::Busy { .. })
    }
}

fn list(attempts: &[(String, FetchError)]) -> String {
    attempts.iter().map(|(source, error)| format!("\n  from {source}: {error}")).collect()
}
