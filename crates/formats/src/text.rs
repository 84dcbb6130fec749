//! Reading text.

use crate::FormatError;
use std::path::Path;

/// The file at `path` as text.
///
/// # Errors
/// [`FormatError::Io`]; [`FormatError::NotText`], which names the line, for a file that is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FormatError> {
    let read = |source| FormatError::Io { action: "read", path: path.to_owned(), source };
    String::from_utf8(std::fs::read(path).map_err(read)?).map_err(|error| {
        let sound = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + sound.filter(|&&byte| byte == b'\n').count();
        FormatError::NotText { line }.at(path)
    })
}
