//! Finding the run to continue, and taking it up.

mod damaged;
mod take_up;

pub(crate) use damaged::damaged;
pub use take_up::Resumed;

use crate::error::TrainError;
use crate::progress::State;
use crate::recipe::Recipe;
use crate::run_dir::{RunDirError, files};
use rarefy_formats::checkpoint;
use std::path::{Path, PathBuf};

/// Where a run continues.
#[derive(Clone, Debug, PartialEq)]
pub struct ResumePoint {
    /// The run's folder.
    pub folder: PathBuf,
    /// The checkpoint to continue from; none if the run was stopped before its first.
    pub checkpoint: Option<PathBuf>,
    /// The run's recipe.
    pub recipe: Recipe,
}

impl ResumePoint {
    /// The run in the folder `path`, at its last checkpoint, or the run of the checkpoint `path` itself.
    ///
    /// The recipe is the folder's `recipe.toml`; where that is missing, the checkpoint's own.
    ///
    /// # Errors
    /// No such run, an unreadable recipe, a damaged checkpoint.
    pub fn find(path: &Path) -> Result<Self, TrainError> {
        let no_run = || TrainError::from(RunDirError::NoRun { path: path.to_owned() });
        let (folder, checkpoint) = if path.is_dir() {
            let last = path.join(files::LAST);
            (path.to_owned(), last.exists().then_some(last))
        } else if path.is_file() {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.unwrap_or(Path::new(".")).to_owned(), Some(path.to_owned()))
        } else {
            return Err(no_run());
        };
        let recipe = folder.join(files::RECIPE);
        let recipe = match &checkpoint {
            _ if recipe.exists() => Recipe::load(&recipe)?,
            Some(checkpoint) => stored_recipe(checkpoint)?,
            None => return Err(no_run()),
        };
        Ok(Self { folder, checkpoint, recipe })
    }
}

/// The recipe in a checkpoint, with default folders and threads.
fn stored_recipe(path: &Path) -> Result<Recipe, TrainError> {
    let refuse = |problem: String| TrainError::NotResumable { path: path.to_owned(), problem };
    let state = checkpoint::inspect(path)?.meta.state;
    State::from_json(&state).and_then(|state| state.recipe.to_recipe()).map_err(refuse)
}
