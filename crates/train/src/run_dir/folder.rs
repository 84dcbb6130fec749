//! Which folders may be written into.

use super::RunDirError;
use rarefy_formats::is_temporary;
use std::io::ErrorKind;
use std::path::Path;

/// Refuses a folder of something else: files would be lost among others, or replace them.
///
/// Accepted is what does not exist yet, what is empty (but for temporary files that killed writers left), and a folder in which
/// `is_own` knows a name. Whether something other than a folder is there is left to whoever makes the folder.
///
/// # Errors
/// [`RunDirError::Foreign`]; a folder that cannot be read.
pub fn check_output_folder(path: &Path, is_own: impl Fn(&str) -> bool) -> Result<(), RunDirError> {
    let unreadable = |source| RunDirError::Read { path: path.to_owned(), source };
    let entries = match path.read_dir() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        entries => entries.map_err(unreadable)?,
    };
    let mut first: Option<String> = None;
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name();
        if is_temporary(&name) {
            continue;
        }
        let name = name.to_string_lossy().into_owned();
        if is_own(&name) {
            return Ok(());
        }
        // The first in alphabetical order, so that equal requests have equal messages.
        first = Some(first.map_or(name.clone(), |first| first.min(name)));
    }
    match first {
        None => Ok(()),
        Some(holds) => Err(RunDirError::Foreign { path: path.to_owned(), holds }),
    }
}
