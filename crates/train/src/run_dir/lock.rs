//! One process a run.

use super::RunDirError;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Held while a process works in a folder; the system gives it up when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _folder: Option<File>,
}

impl Lock {
    /// Takes the folder, or says that another process has it.
    ///
    /// Where folders cannot be locked (some network file systems, Windows) there is no protection.
    pub(super) fn take(path: &Path) -> Result<Self, RunDirError> {
        let folder = File::open(path).ok();
        match folder.as_ref().map(File::try_lock) {
            Some(Err(TryLockError::WouldBlock)) => Err(RunDirError::Busy { path: path.to_owned() }),
            _ => Ok(Self { _folder: folder }),
        }
    }
}
