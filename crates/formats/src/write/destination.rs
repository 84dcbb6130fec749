//! Where a path leads.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Links that are followed one after another before they are taken for a circle, as Linux does.
const MOST_LINKS: usize = 40;

/// What is, or will be, at the end of a path.
pub(super) enum Destination {
    /// A regular file.
    File {
        /// Its own name: links to it have been followed.
        path: PathBuf,
        /// The file that is there already.
        old: Option<Metadata>,
    },
    /// A device, a FIFO or a socket.
    Stream,
    /// A folder, or the name of one: it ends with `/`.
    Folder,
}

/// Follows the links of `path`, also those that point to a file that is not there yet.
pub(super) fn find(path: &Path) -> io::Result<Destination> {
    let kind = match fs::metadata(path) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return absent(path),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        return Ok(Destination::Folder);
    }
    if !kind.is_file() {
        return Ok(Destination::Stream);
    }
    let path = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
    Ok(Destination::File { path, old: Some(kind) })
}

/// The name under which the file will be made.
fn absent(path: &Path) -> io::Result<Destination> {
    if path.as_os_str().to_string_lossy().ends_with(std::path::is_separator) {
        return Ok(Destination::Folder);
    }
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match path.read_link() {
            // A relative link starts where it lies.
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(Destination::File { path, old: None }),
        }
    }
    Err(io::Error::other("too many links, each to the next"))
}
