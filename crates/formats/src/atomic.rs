//! Writing files so that a crash at any moment leaves the old or the new one, whole.

use crate::FormatError;
use std::io::{self, Write};
use std::path::Path;

/// Writes `path` by `write`: to a temporary name in the same folder, synced, then renamed over `path`, and the folder
/// synced.
///
/// # Errors
/// [`FormatError::Io`]; `path` is then as it was and the temporary file is gone.
pub fn atomic_write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FormatError> {
    let _ = (path, write);
    todo!()
}

/// Removes what killed writers left in `dir`. Call it while nobody else writes there.
pub fn remove_temporaries(dir: &Path) -> Result<(), FormatError> {
    let _ = dir;
    todo!()
}
