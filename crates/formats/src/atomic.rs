//! Writing files so that a crash at any moment leaves the old or the new one, whole.

use crate::FormatError;
use rarefy_core::Temporary;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::Builder;

/// Marks temporary files: `.NAME.RANDOM.rarefy-tmp`.
const SUFFIX: &str = ".rarefy-tmp";

/// Writes `path` by `write`: to a temporary name in the same folder, synced, then renamed over `path`, and the folder
/// synced. The writer is buffered; a new file gets the usual permissions.
///
/// # Errors
/// [`FormatError::Io`]; `path` is then as it was and the temporary file is gone. (If only the last sync of the folder
/// failed, `path` is already the new file.)
pub fn atomic_write(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FormatError> {
    replace(path, write).map_err(|source| FormatError::Io { action: "write", path: path.to_owned(), source })
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let dir = folder(path);
    let prefix = format!(".{}.", name.to_string_lossy());
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Readable as any other new file; the user's umask takes away what it should.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // Dropping the temporary file, on every early return, removes it; if the process is ended instead,
    // `remove_leftovers` does.
    let (temporary, _known) = Temporary::make(|| {
        let file = builder.tempfile_in(&dir)?;
        let path = file.path().to_owned();
        Ok((file, path))
    })?;
    let mut buffered = BufWriter::with_capacity(1 << 18, temporary.as_file());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(&dir)
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the renaming itself survive a power cut; folders can be opened for that on Unix only.
fn sync_folder(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(dir)?.sync_all() } else { Ok(()) }
}

/// Removes what killed writers left in `dir`. Call it while nobody else writes there.
///
/// # Errors
/// [`FormatError::Io`] if the folder cannot be read or such a file not be removed.
pub fn remove_temporaries(dir: &Path) -> Result<(), FormatError> {
    let read = |source| FormatError::Io { action: "read the folder", path: dir.to_owned(), source };
    for entry in fs::read_dir(dir).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(SUFFIX) {
            let path = entry.path();
            fs::remove_file(&path).map_err(|source| FormatError::Io { action: "remove", path, source })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_written_file_replaces_the_old_one_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.json");
        fs::write(&path, "old, and longer than the new text").unwrap();
        atomic_write(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["summary.json"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.json");
        fs::write(&path, "old").unwrap();
        let error = atomic_write(&path, |file| {
            file.write_all(&vec![7; 1 << 20])?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
        assert!(matches!(&error, FormatError::Io { action: "write", .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("summary.json") && text.contains("the disk is full"), "{text}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["summary.json"]);
    }

    #[test]
    fn a_panic_while_writing_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary.json");
        fs::write(&path, "old").unwrap();
        let written = std::panic::catch_unwind(|| atomic_write(&path, |_| panic!("a bug in the writer")));
        assert!(written.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["summary.json"]);
    }

    #[test]
    fn places_that_cannot_be_written_are_errors_that_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("taken")).unwrap();
        for path in [dir.path().join("absent").join("file"), dir.path().join("taken"), dir.path().join("..")]
        {
            let error = atomic_write(&path, |file| file.write_all(b"new")).unwrap_err();
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
        assert_eq!(names(dir.path()), ["taken"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        atomic_write(&ours, |file| file.write_all(b"new")).unwrap();
        fs::write(&plain, "new").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn leftovers_of_a_killed_writer_are_removed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".last.ckpt.Xy12Zz.rarefy-tmp", "last.ckpt", ".hidden", "notes.rarefy-tmp"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        remove_temporaries(dir.path()).unwrap();
        assert_eq!(names(dir.path()), [".hidden", "last.ckpt", "notes.rarefy-tmp"]);
        assert!(remove_temporaries(&dir.path().join("absent")).is_err());
    }
}
