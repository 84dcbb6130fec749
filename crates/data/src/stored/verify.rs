//! Checking the files of a data set.

use super::error::FileError;
use super::locate::{Status, locate};
use super::reader::Samples;
use super::set::Set;
use crate::{DataError, Options, datasets};
use std::path::{Path, PathBuf};

/// What verification found of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// File.
    pub path: PathBuf,
    /// MD5 of its content and whether there was a known one to compare it with, or what is wrong with the file.
    pub outcome: Result<(String, bool), FileError>,
}

/// What is there of the data set called `name` under the folder `dir` of all data sets. Reads no file.
///
/// # Errors
/// [`DataError::Unknown`].
pub fn status(name: &str, dir: &Path) -> Result<Status, DataError> {
    let entry = datasets::find(name)?;
    Ok(match entry.set.map(|set| locate(set, dir)) {
        None => Status::Embedded,
        Some(Ok((folder, _))) => Status::Present(folder),
        Some(Err(path)) => Status::Missing(path),
    })
}

/// Reads every file of the data set called `name` under the folder `dir` of all data sets and checks size, format, labels
/// and checksum; no report means that it is part of the program (and sound).
///
/// # Errors
/// [`DataError::Unknown`], [`DataError::Missing`]; a bad file is in its report.
pub fn verify(name: &str, dir: &Path) -> Result<Vec<FileReport>, DataError> {
    let entry = datasets::find(name)?;
    match entry.set {
        Some(set) => verify_set(set, dir),
        None => (entry.open)(&Options::default()).map(|_| Vec::new()),
    }
}

pub(crate) fn verify_set(set: &Set, dir: &Path) -> Result<Vec<FileReport>, DataError> {
    let (folder, paths) =
        locate(set, dir).map_err(|path| DataError::Missing { dataset: set.name.into(), path })?;
    let report = |(file, path): (&super::set::DataFile, PathBuf)| {
        let outcome = file.read(&folder, &path, &mut Samples::default());
        FileReport { path, outcome }
    };
    Ok(set.files().zip(paths).map(report).collect())
}
