//! A temporary folder.

use std::path::{Path, PathBuf};

/// A new, empty folder among the system's temporary ones, removed with all it holds when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder; `name` tells what it is for.
    pub(crate) fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("rarefy-{name}-{}", std::process::id()));
        std::fs::create_dir(&path)
            .map_err(|error| format!("cannot create the folder {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder left behind harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_new_and_goes_away() {
        let scratch = Scratch::new("test").unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        assert!(Scratch::new("test").is_err());
        drop(scratch);
        assert!(!path.exists());
    }
}
