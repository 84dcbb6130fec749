//! A trained network: found by its run or file.

use crate::error::TrainError;
use crate::progress::State;
use crate::recipe::Recipe;
use crate::run_dir::{RunDirError, files};
use rarefy_data::Normalization;
use rarefy_formats::Checkpoint;
use rarefy_nn::graph::Graph;
use rarefy_nn::models;
use std::path::{Path, PathBuf};

/// A checkpoint and the recipe of its run.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The file.
    pub path: PathBuf,
    /// The network.
    pub checkpoint: Checkpoint,
    /// The recipe of its run; none if no training run wrote it.
    pub recipe: Option<Recipe>,
}

impl Trained {
    /// The network to use of the run in the folder `path` (its best epoch's, without validation its last), or the checkpoint
    /// `path` itself.
    ///
    /// # Errors
    /// No such file, or a folder without a checkpoint.
    pub fn find(path: &Path) -> Result<PathBuf, TrainError> {
        let candidates = match path.is_dir() {
            true => [files::BEST, files::LAST].map(|file| path.join(file)).to_vec(),
            false => vec![path.to_owned()],
        };
        let no_run = || RunDirError::NoRun { path: path.to_owned() }.into();
        candidates.into_iter().find(|file| file.is_file()).ok_or_else(no_run)
    }

    /// Reads and verifies the checkpoint of [`Trained::find`].
    ///
    /// # Errors
    /// As [`Trained::find`]; a damaged checkpoint, one of a network that is known by no name.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        let path = Self::find(path)?;
        let checkpoint = Checkpoint::load(&path)?;
        let state = State::from_json(&checkpoint.meta.state).ok();
        let recipe = state.and_then(|state| state.recipe.to_recipe().ok());
        // Where the data are is no part of a checkpoint, but of the recipe beside it.
        let data_dir =
            Recipe::load(&path.with_file_name(files::RECIPE)).ok().and_then(|beside| beside.data_dir);
        Ok(Self { recipe: recipe.map(|recipe| Recipe { data_dir, ..recipe }), path, checkpoint })
    }

    /// The network as data.
    ///
    /// # Errors
    /// A model that is known by no name.
    pub fn graph(&self) -> Result<Graph, TrainError> {
        let meta = &self.checkpoint.meta;
        Ok(models::build(&meta.model, meta.extent, meta.classes)?)
    }

    /// How pixels became its inputs; none if it does not know what it was trained on.
    pub fn normalization(&self) -> Option<Normalization> {
        let data = self.checkpoint.meta.data.as_ref()?;
        Some(Normalization { mean: data.mean.clone(), std: data.std.clone() })
    }
}
