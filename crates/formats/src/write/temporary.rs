//! Temporary files: locked while their writer lives, so that what a killed writer left can be told and removed.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Temporary files are called `.NAME.PROCESS-NUMBER.rarefy-tmp`.
const SUFFIX: &str = ".rarefy-tmp";
/// Bytes of NAME: file systems allow names of 255 bytes.
const MOST_NAME: usize = 200;
/// Other processes may have the same number, on other machines or in containers: after so many names that are taken
/// something else is wrong.
const MOST_ATTEMPTS: usize = 1000;

/// Tells the temporary files of this process apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A file under a temporary name, removed when dropped unless it was renamed.
pub(super) struct Temporary {
    path: PathBuf,
    /// Locked until it is closed, also by the process's death.
    file: File,
    renamed: bool,
    /// If the process is ended from outside, the file is removed all the same.
    _known: rarefy_core::Temporary,
}

impl Temporary {
    /// Makes an empty file in `folder` that will be called `name`, after removing what killed writers of that name left there.
    /// It gets the permissions and, if the system allows it, the owner of `old`.
    pub(super) fn create(folder: &Path, name: &OsStr, old: Option<&Metadata>) -> io::Result<Self> {
        let name = name.to_string_lossy();
        let prefix = format!(".{}.", shortened(&name));
        remove_left(folder, &prefix);
        for _ in 0..MOST_ATTEMPTS {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{prefix}{}-{number}{SUFFIX}", std::process::id()));
            let made = rarefy_core::Temporary::make(|| Ok((options(old).open(&path)?, path.clone())));
            let (file, known) = match made {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made?,
            };
            // Where files cannot be locked nobody takes this one for left behind either.
            let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            // Whoever locked it first took it for left behind, and removes it.
            if taken || !path.exists() {
                continue;
            }
            let temporary = Self { path, file, renamed: false, _known: known };
            temporary.inherit(old)?;
            return Ok(temporary);
        }
        Err(io::Error::other("every name for a temporary file in its folder is taken"))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name; one that has it already is replaced.
    pub(super) fn rename(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.renamed = true;
        Ok(())
    }

    #[cfg(unix)]
    fn inherit(&self, old: Option<&Metadata>) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        let Some(old) = old else { return Ok(()) };
        let own = self.file.metadata()?;
        if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
            // Only the superuser may give a file away; a file of someone else becomes the writer's own.
            let _ = fchown(&self.file, Some(old.uid()), Some(old.gid()));
        }
        // After the owner, whose change takes some permissions away.
        self.file.set_permissions(old.permissions())
    }

    #[cfg(not(unix))]
    fn inherit(&self, _old: Option<&Metadata>) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The first bytes of a name, in whole characters.
fn shortened(name: &str) -> &str {
    let ends = name.char_indices().map(|(start, character)| start + character.len_utf8());
    &name[..ends.take_while(|&end| end <= MOST_NAME).last().unwrap_or(0)]
}

/// How a temporary file is opened: nobody who may not read the old file may read this one, from the first moment on.
fn options(old: Option<&Metadata>) -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(old.map_or(0o666, |old| old.permissions().mode() & 0o700));
    }
    #[cfg(not(unix))]
    let _ = old;
    options
}

/// Whether a file of this name is a temporary one, of a living writer or of one that was killed.
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// Removes the temporary files that killed writers left in `folder`. Those of living writers stay, and so does what cannot be
/// removed.
pub fn remove_temporaries(folder: &Path) {
    remove_left(folder, ".");
}

/// Removes the temporary files in `folder` whose names start with `prefix` and whose writers are dead.
fn remove_left(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if is_temporary(&name) && name.to_string_lossy().starts_with(prefix) {
            remove_if_left(&entry.path());
        }
    }
}

fn remove_if_left(path: &Path) {
    // Nothing but regular files is ours; opening a FIFO would wait for a reader.
    if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return;
    }
    let Ok(file) = File::options().write(true).open(path) else { return };
    // A living writer holds the lock. (It may have renamed the file by now: then there is nothing to remove.)
    if file.try_lock().is_ok() {
        let _ = fs::remove_file(path);
    }
}
