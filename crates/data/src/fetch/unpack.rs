//! Taking files out of archives.

use super::FetchError;
use crate::FileError;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::Path;

/// A file wanted from an archive.
pub(super) struct Wanted {
    /// Path in the archive.
    pub(super) member: String,
    /// Name of the file to write.
    pub(super) name: String,
    /// No more bytes than this are written.
    pub(super) limit: u64,
}

/// Writes the wanted members of the `.tar.gz` at `archive` into `folder`; all others are passed over, so no path in the
/// archive decides where anything is written.
pub(super) fn untar(archive: &Path, wanted: &[Wanted], folder: &Path) -> Result<(), FetchError> {
    let broken = |error: &io::Error| unreadable(archive, error);
    let mut missing: Vec<&Wanted> = wanted.iter().collect();
    let mut tar = tar::Archive::new(MultiGzDecoder::new(open(archive)?));
    for entry in tar.entries().map_err(|error| broken(&error))? {
        let entry = entry.map_err(|error| broken(&error))?;
        let path = entry.path_bytes();
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let Some(at) = missing.iter().position(|wanted| wanted.member.as_bytes() == path) else { continue };
        let Wanted { name, limit, .. } = missing.swap_remove(at);
        if !entry.header().entry_type().is_file() {
            let problem = format!("`{}` is not a plain file", String::from_utf8_lossy(path));
            return Err(FetchError::Archive { path: archive.to_owned(), problem });
        }
        copy(entry, archive, &folder.join(name), *limit)?;
    }
    match missing.first() {
        None => Ok(()),
        Some(Wanted { member, .. }) => {
            Err(FetchError::Archive { path: archive.to_owned(), problem: format!("it has no `{member}`") })
        }
    }
}

/// Writes the content of the `.gz` at `packed` to `path`, up to `limit` bytes.
pub(super) fn gunzip(packed: &Path, path: &Path, limit: u64) -> Result<(), FetchError> {
    copy(MultiGzDecoder::new(open(packed)?), packed, path, limit)
}

fn open(path: &Path) -> Result<BufReader<File>, FetchError> {
    let file = File::open(path).map_err(|error| FileError::io("open", path, &error))?;
    Ok(BufReader::with_capacity(1 << 18, file))
}

/// Copies `input`, which comes from `source`, into a new file at `path`: up to `limit` bytes.
fn copy(input: impl Read, source: &Path, path: &Path, limit: u64) -> Result<(), FetchError> {
    let refused = |error: &io::Error| FetchError::File(FileError::io("write", path, error));
    let mut file = File::create(path).map_err(|error| refused(&error))?;
    let (mut input, mut buffer) = (input.take(limit), vec![0; 1 << 18]);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                file.write_all(buffer.get(..read).unwrap_or_default()).map_err(|error| refused(&error))?
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(source, &error)),
        }
    }
}

/// Only the system gives error numbers; other errors are the unpacker's complaints about the content.
fn unreadable(path: &Path, error: &io::Error) -> FetchError {
    match error.raw_os_error() {
        Some(_) => FileError::io("read", path, error).into(),
        None => {
            FetchError::Archive { path: path.to_owned(), problem: format!("cannot be unpacked ({error})") }
        }
    }
}
