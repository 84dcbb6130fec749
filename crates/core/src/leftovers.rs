//! Temporary files and folders that a process that is ended from outside would leave behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A temporary file or folder, known to [`remove_leftovers`] until this is dropped.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Makes it by `make`, which also tells its path. Nothing can be left behind in between.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn make<T>(make: impl FnOnce() -> io::Result<(T, PathBuf)>) -> io::Result<(T, Self)> {
        let mut temporaries = TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner);
        let (made, path) = make()?;
        temporaries.push(path.clone());
        Ok((made, Self { path }))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut temporaries = TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner);
        temporaries.retain(|path| *path != self.path);
    }
}

/// Removes what [`Temporary`] knows, before the process ends: whoever makes a temporary after that waits for
/// ever. What cannot be removed stays.
pub fn remove_leftovers() {
    remove(TEMPORARIES.lock().unwrap_or_else(PoisonError::into_inner));
}

/// [`remove_leftovers`], unless a thread is just making or dropping one: for ends that must not wait.
pub fn try_remove_leftovers() {
    match TEMPORARIES.try_lock() {
        Ok(temporaries) => remove(temporaries),
        Err(TryLockError::Poisoned(poisoned)) => remove(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {}
    }
}

fn remove(temporaries: MutexGuard<'static, Vec<PathBuf>>) {
    for path in temporaries.iter() {
        let _ = remove_one(path);
    }
    std::mem::forget(temporaries);
}

fn remove_one(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}
