//! The network under evaluation and its data.

use super::{Args, SplitName};
use crate::failure::Failure;
use rarefy::data::{Dataset, Normalization};
use rarefy::eval::{Classifier, check_fit};
use rarefy::nn::params::Column;
use rarefy::train::{OpenData, Recipe, TrainError, Trained};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A network ready for evaluation.
pub(super) struct Network {
    pub(super) path: PathBuf,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) dataset: Arc<dyn Dataset>,
    pub(super) classifier: Classifier,
    pub(super) trained: Trained,
}

/// Which network it is.
#[derive(Serialize)]
pub(super) struct Identity {
    pub(super) checkpoint: PathBuf,
    pub(super) model: String,
    pub(super) step: u64,
    pub(super) epoch: u64,
    pub(super) nnz: u64,
    pub(super) density: f64,
    pub(super) data: String,
    pub(super) split: SplitName,
}

/// Loads networks; those of one data set share it.
pub(super) struct Loader<'a> {
    args: &'a Args,
    open: OpenData,
}

impl<'a> Loader<'a> {
    /// Nothing is open yet.
    pub(super) fn new(args: &'a Args) -> Self {
        Self { args, open: OpenData::new() }
    }

    /// Reads the network and opens its data, or those that the flags name.
    pub(super) fn load(&mut self, path: &Path) -> Result<Network, Failure> {
        let args = self.args;
        let trained = Trained::load(path)?;
        let recipe = data_recipe(args, &trained)?;
        let dataset = self.open.of(&recipe).map_err(TrainError::from)?;
        let batch_size = args.batch_size.map_or(recipe.test_batch_size(), |size| size as usize);
        let recipe = Recipe { threads: args.threads.map(|threads| threads as usize), ..recipe };
        let classifier = compile(&trained, dataset.as_ref(), batch_size, recipe.threads())?;
        let (path, data_dir) = (trained.path.clone(), recipe.data_dir);
        Ok(Network { path, data_dir, dataset, classifier, trained })
    }
}

impl Network {
    /// What the report says of it.
    pub(super) fn identity(&self, args: &Args) -> Identity {
        let (meta, store) = (&self.trained.checkpoint.meta, &self.trained.checkpoint.store);
        let weights: u64 = store.patterns().iter().map(|pattern| pattern.shape().len() as u64).sum();
        Identity {
            checkpoint: self.path.clone(),
            model: meta.model.clone(),
            step: meta.step,
            epoch: meta.epoch,
            nnz: store.nnz(),
            density: store.nnz() as f64 / weights as f64,
            data: self.dataset.name().to_owned(),
            split: args.split,
        }
    }

    /// A hash of everything that it computes with.
    pub(super) fn fingerprint(&self) -> u64 {
        let store = &self.trained.checkpoint.store;
        let mut hasher = DefaultHasher::new();
        for pattern in store.patterns() {
            (pattern.row_starts(), pattern.taps()).hash(&mut hasher);
        }
        for numbers in [store.column(Column::Value), store.running_mean(), store.running_var()] {
            numbers.iter().for_each(|number| number.to_bits().hash(&mut hasher));
        }
        hasher.finish()
    }
}

/// Compiles a network; one that does not know its constants gets those of `dataset`.
fn compile(
    trained: &Trained,
    dataset: &dyn Dataset,
    batch_size: usize,
    threads: usize,
) -> Result<Classifier, Failure> {
    // Before anything is made for images of the extent that the file claims.
    check_fit(trained.checkpoint.meta.extent, trained.checkpoint.meta.classes, dataset)?;
    let channels = trained.checkpoint.meta.extent.channels;
    let fits = |constants: &Normalization| constants.mean.len() == channels;
    let normalization = trained.normalization().or_else(|| Some(dataset.normalization()).filter(fits));
    let normalization = normalization.unwrap_or_else(|| Normalization::identity(channels));
    let largest = rarefy::data::Split::ALL.map(|split| dataset.len(split)).into_iter().max().unwrap_or(1);
    let store = trained.checkpoint.store.try_clone()?;
    let graph = trained.graph()?;
    Ok(Classifier::new(graph, store, normalization, batch_size.min(largest.max(1)), threads)?)
}

/// The recipe whose data are to be opened: the run's own, or the defaults of `--data`.
fn data_recipe(args: &Args, trained: &Trained) -> Result<Recipe, Failure> {
    let own = trained.recipe.as_ref();
    let mut recipe = match (&args.data, own) {
        (Some(data), Some(own)) if rarefy::core::same_name(data, &own.data) => own.clone(),
        (Some(data), _) => Recipe::for_data(data),
        (None, Some(own)) => own.clone(),
        (None, None) => {
            return Err(Failure::usage(format!(
                "{} does not say what it was trained on",
                trained.path.display()
            ))
            .hint("name the data set with --data"));
        }
    };
    if args.data_dir.is_some() {
        recipe.data_dir.clone_from(&args.data_dir);
    }
    Ok(recipe)
}
