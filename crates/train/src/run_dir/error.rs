//! What can be wrong with a run's folder.

use crate::error::Fault;
use std::io;
use std::path::PathBuf;

/// Why a folder cannot hold or continue a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunDirError {
    /// There is a run already.
    #[error("{} already holds a run", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// There is something else.
    #[error("{} is neither empty nor a folder of this program: it holds `{holds}`", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// A file or folder in it.
        holds: String,
    },
    /// There is no run to continue.
    #[error("{} holds no run", path.display())]
    NoRun {
        /// The folder or file.
        path: PathBuf,
    },
    /// Another process works there.
    #[error("another process is training in {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be made.
    #[error("cannot create the folder {}: {source}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of the run cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The metrics are not what a run writes.
    #[error("{}, line {line}: {problem}", path.display())]
    Metrics {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl RunDirError {
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Taken { .. } | Self::Foreign { .. } | Self::NoRun { .. } => Fault::Usage,
            Self::Busy { .. } | Self::Create { .. } | Self::Read { .. } => Fault::System,
            Self::Metrics { .. } => Fault::Data,
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { path } => {
                Some(format!("continue it with --resume={}, or choose another --out", path.display()))
            }
            Self::Foreign { path, .. } => Some(format!(
                "choose a new or an empty folder, such as --out {}",
                path.join("NAME").display()
            )),
            Self::NoRun { .. } => Some("name the folder of a run or one of its checkpoints".to_owned()),
            Self::Create { .. } => Some("choose a folder you may write to with --out".to_owned()),
            Self::Metrics { .. } => Some(
                "put the file right, or remove it: the run does not need it, and begins it anew".to_owned(),
            ),
            Self::Busy { .. } | Self::Read { .. } => None,
        }
    }
}
