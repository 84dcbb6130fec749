//! The folder in which a fetch works.

use super::FetchError;
use crate::FileError;
use rarefy_core::Temporary;
use std::cell::RefCell;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// `.fetch/NAME` under the data directory, locked against other processes until dropped.
pub(super) struct Staging {
    folder: PathBuf,
    lock: File,
    /// What was unpacked: removed if the process is ended meanwhile. Downloads stay.
    unpacked: RefCell<Option<Temporary>>,
}

impl Staging {
    /// Makes it, or takes over what an earlier fetch left.
    pub(super) fn open(dir: &Path, name: &str) -> Result<Self, FetchError> {
        let folder = dir.join(".fetch").join(name);
        fs::create_dir_all(&folder).map_err(|error| FileError::io("create", &folder, &error))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| FileError::io("create", &path, &error))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => Err(FetchError::Busy { path: folder }),
            // Where files cannot be locked there is no protection.
            _ => Ok(Self { folder, lock, unpacked: RefCell::default() }),
        }
    }

    /// A file that outlives a failed fetch.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder to unpack into.
    pub(super) fn unpacked(&self) -> Result<PathBuf, FetchError> {
        self.discard_unpacked();
        let folder = self.path("unpacked");
        let made = Temporary::make(|| fs::create_dir_all(&folder).map(|()| ((), folder.clone())));
        let ((), known) = made.map_err(|error| FileError::io("create", &folder, &error))?;
        self.unpacked.replace(Some(known));
        Ok(folder)
    }

    /// Gives back the room of what was unpacked.
    pub(super) fn discard_unpacked(&self) {
        // What cannot be removed is overwritten by the next attempt.
        let _ = fs::remove_dir_all(self.path("unpacked"));
        self.unpacked.replace(None);
    }

    /// Removes everything, after success: what is left then does no harm.
    pub(super) fn remove(self) {
        let _ = fs::remove_dir_all(self.path("unpacked"));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
        self.leave();
    }

    /// Leaves what a later fetch can go on from; if there is nothing, no trace of this one.
    pub(super) fn leave(self) {
        drop(self.lock);
        let _ = fs::remove_file(self.folder.join("lock"));
        // Folders that are not empty stay.
        let _ = fs::remove_dir(&self.folder);
        if let Some(parent) = self.folder.parent() {
            let _ = fs::remove_dir(parent);
        }
    }
}

/// Makes renamings in `folder` survive a power cut; folders can be opened for that on Unix only.
pub(super) fn sync_folder(folder: &Path) -> Result<(), FetchError> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| FileError::io("sync", folder, &error))?;
    }
    Ok(())
}
