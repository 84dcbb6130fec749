//! Writing files so that a crash at any moment leaves the old or the new one, whole.

mod destination;
mod temporary;

#[cfg(test)]
mod tests;

pub use temporary::{is_temporary, remove_temporaries};

use crate::FormatError;
use destination::Destination;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use temporary::Temporary;

/// Bytes that are collected before the system is asked to write them.
const BUFFER: usize = 1 << 18;

/// Writes what `write` gives to `path`.
///
/// A regular file is written under a temporary name in its folder, synced, then renamed over the old one, and the folder is
/// synced. The new file keeps the permissions and, if the system allows it, the owner of the old one; without an old one
/// they are the usual ones. A link is followed: what it points to is replaced or made, the link stays. A device or a FIFO is
/// written to as it is. A folder is refused.
///
/// # Errors
/// [`FormatError::Folder`]; [`FormatError::Io`], which names `path`: a file there is then as it was and the temporary file is
/// gone. (If only the last sync of the folder failed, `path` is already the new file.)
pub fn atomic_write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FormatError> {
    let failed = |source| FormatError::Io { action: "write", path: path.to_owned(), source };
    match destination::find(path).map_err(failed)? {
        Destination::Folder => Err(FormatError::Folder { path: path.to_owned() }),
        Destination::Stream => write_through(path, write).map_err(failed),
        Destination::File { path, old } => replace(&path, old.as_ref(), write).map_err(failed),
    }
}

/// Gives the bytes to a device or a FIFO.
fn write_through(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let file = File::options().write(true).open(path)?;
    fill(&file, write)?;
    match file.sync_all() {
        // Most of them keep nothing that could be synced.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Puts a new file in the place of `old`, which is at `path` if there is one.
fn replace(
    path: &Path,
    old: Option<&Metadata>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "not a file name"))?;
    if old.is_some() {
        // A rename asks nobody whether the old file may be written: this does, and changes nothing.
        File::options().write(true).open(path)?;
    }
    let folder = folder(path);
    // Dropping the temporary file, on every early return, removes it.
    let temporary = Temporary::create(&folder, name, old)?;
    fill(temporary.file(), write)?;
    temporary.file().sync_all()?;
    temporary.rename(path)?;
    sync_folder(&folder)
}

fn fill(file: &File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(BUFFER, file);
    write(&mut buffered)?;
    buffered.flush()
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the renaming itself survive a power cut; folders can be opened for that on Unix only, and there if they may be read.
fn sync_folder(dir: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(dir) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        opened => opened?.sync_all(),
    }
}
