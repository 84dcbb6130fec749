//! Files and folders that a recipe names.

use super::check::require;
use super::{Recipe, RecipeError};
use std::path::{Path, PathBuf};

impl Recipe {
    /// The paths that a run's own recipe and its checkpoints have, by key.
    fn paths(&self) -> [(&'static str, Option<&PathBuf>); 3] {
        [
            ("data_dir", self.data_dir.as_ref()),
            ("mask_from", self.mask_from.as_ref()),
            ("weights_from", self.weights_from.as_ref()),
        ]
    }

    /// TOML and JSON are UTF-8: other paths could not be written down, nor compared when the run goes on.
    pub(super) fn check_paths(&self) -> Result<(), RecipeError> {
        for (key, path) in self.paths() {
            let Some(path) = path else { continue };
            require(path.to_str().is_some(), key, "a path in UTF-8", || path.display().to_string())?;
        }
        Ok(())
    }

    /// The recipe with paths that mean the same from every folder, so that its run can be resumed, run again and evaluated from
    /// anywhere. Paths of networks are followed to their ends: a link may point to another run tomorrow.
    pub(crate) fn with_full_paths(self) -> Self {
        let network =
            |path: PathBuf| full(&path, |path| path.canonicalize().or_else(|_| std::path::absolute(path)));
        Self {
            data_dir: self.data_dir.map(|path| full(&path, |path| std::path::absolute(path))),
            mask_from: self.mask_from.map(network),
            weights_from: self.weights_from.map(network),
            ..self
        }
    }
}

/// What `complete` makes of a path; the path itself if that fails, or leads through a folder whose name is not UTF-8.
fn full(path: &Path, complete: impl Fn(&Path) -> std::io::Result<PathBuf>) -> PathBuf {
    complete(path).ok().filter(|full| full.to_str().is_some()).unwrap_or_else(|| path.to_owned())
}
