//! Where the files of a data set are.

use super::error::FileError;
use super::set::Set;
use std::path::{Path, PathBuf};

/// File in a data set's folder with the checksums of its files, as `md5sum` writes and checks it.
pub(crate) const SUMS: &str = "MD5SUMS";

/// What is there of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Part of the program.
    Embedded,
    /// All files are in this folder; [`crate::verify()`] tells whether they are sound.
    Present(PathBuf),
    /// Files are missing; the first of them.
    Missing(PathBuf),
}

/// Finds all files of `set` under `dir`, in the set's order; each may also be a `.gz`.
///
/// # Errors
/// The first missing file of the folder where they belong.
pub(crate) fn locate(set: &Set, dir: &Path) -> Result<(PathBuf, Vec<PathBuf>), PathBuf> {
    let mut missing = None;
    for folder in set.folders {
        let folder = dir.join(folder);
        let found: Result<Vec<PathBuf>, PathBuf> = set
            .files()
            .map(|file| {
                let plain = folder.join(file.name);
                let packed = folder.join(format!("{}.gz", file.name));
                match (plain.is_file(), packed.is_file()) {
                    (true, _) => Ok(plain),
                    (false, true) => Ok(packed),
                    (false, false) => Err(plain),
                }
            })
            .collect();
        match found {
            Ok(paths) => return Ok((folder, paths)),
            Err(path) => missing = missing.or(Some(path)),
        }
    }
    Err(missing.unwrap_or_else(|| dir.to_owned()))
}

/// The checksum that `MD5SUMS` in `folder` gives for `name`, if there is such a file with such a line.
pub(crate) fn recorded_sum(folder: &Path, name: &str) -> Result<Option<String>, FileError> {
    let path = folder.join(SUMS);
    let text = match std::fs::read(&path) {
        // A sum of other bytes than digits is one that no file has.
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::io("read", &path, &error)),
    };
    let mut lines = text.lines().filter_map(|line| line.split_once("  "));
    Ok(lines.find(|(_, file)| *file == name).map(|(sum, _)| sum.to_owned()))
}
