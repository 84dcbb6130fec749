//! Everything that a run would be refused for, found before the first of many is trained.

use crate::error::TrainError;
use crate::open_data::OpenData;
use crate::recipe::Recipe;
use crate::run_dir::files;
use crate::setup::{Named, draw_patterns};
use crate::trained::Trained;
use rarefy_data::{Loader, Pass};
use rarefy_formats::Checkpoint;
use rarefy_sparsity::init;
use std::path::{Path, PathBuf};

/// Checks recipes one after the other; those of the same data share it.
#[derive(Default)]
pub struct Preflight {
    open: OpenData,
    /// Folders of runs that will be there when they are needed.
    expected: Vec<PathBuf>,
}

impl Preflight {
    /// Nothing is open yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a run will have been trained into `folder` before the recipes that come are.
    pub fn expect(&mut self, folder: &Path) {
        self.expected.push(absolute(folder));
    }

    /// Whether a run or checkpoint is there, or will be.
    ///
    /// # Errors
    /// Neither.
    pub fn find(&self, path: &Path) -> Result<(), TrainError> {
        let whole = absolute(path);
        let expected = self.expected.iter().any(|folder| whole.starts_with(folder));
        if expected { Ok(()) } else { Trained::find(path).map(|_| ()) }
    }

    /// Does all that training would do before its first step, but for measurements of the network.
    ///
    /// # Errors
    /// As [`crate::Setup::from_recipe`] and [`crate::Trainer::new`].
    pub fn check(&mut self, recipe: &Recipe) -> Result<(), TrainError> {
        recipe.check_needs()?;
        let Named { recipe, graph, dataset } = self.named(recipe)?;
        let files = [&recipe.mask_from, &recipe.weights_from].into_iter().flatten();
        for path in files {
            self.find(path)?;
            if let Ok(found) = Trained::find(path) {
                Checkpoint::load_for(&found, &graph)?;
            }
        }
        // A saliency measures the network first, which takes its time; a mask is drawn already.
        if recipe.mask_from.is_none() && init::find(&recipe.sparse_init)?.saliency().is_none() {
            draw_patterns(&graph, &recipe)?;
        }
        let pass = Pass::Train { seed: recipe.data_seed() };
        let steps = Loader::new(dataset, pass, recipe.step_samples())?.batches();
        recipe.dynamics(steps as u64)?;
        recipe.lr_schedule()?;
        Ok(())
    }

    /// Refuses to take the run in `folder` for the one that `recipe` asks for.
    ///
    /// # Errors
    /// [`TrainError::OtherRun`] with the first key that differs; what reading its recipe says.
    pub fn check_same(&mut self, folder: &Path, recipe: &Recipe) -> Result<(), TrainError> {
        let path = folder.join(files::RECIPE);
        let kept = Recipe::load(&path)?;
        let Named { recipe, graph, .. } = self.named(recipe)?;
        // A mask decides the density and the seed of the initial weights, as far as it is still there.
        let recipe = match recipe.mask_from.clone().filter(|path| Trained::find(path).is_ok()) {
            Some(path) => recipe.start_from_mask(&path, &graph)?.0,
            None => recipe,
        };
        match kept.identity().difference(&recipe.identity()) {
            Some(difference) => Err(TrainError::OtherRun { path, difference }),
            None => Ok(()),
        }
    }

    fn named(&mut self, recipe: &Recipe) -> Result<Named, TrainError> {
        Named::find_with(recipe.clone(), |recipe| Ok(self.open.of(recipe)?))
    }
}

/// The path from the root of the file system, so that two spellings of it compare.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
