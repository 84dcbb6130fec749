//! A trained network: found by its run or file, and scored on data.

mod scores;

pub use scores::{ClassScore, Scores};

use crate::error::TrainError;
use crate::progress::State;
use crate::recipe::Recipe;
use crate::run_dir::{RunDirError, files};
use crate::setup::check_fit;
use rarefy_data::{Dataset, Loader, Normalization, Pass, Split};
use rarefy_formats::Checkpoint;
use rarefy_nn::{Session, SessionOptions, models};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

    /// Scores the network on a whole split, in batches of `batch_size` on `threads` threads.
    ///
    /// Images of data with another normalization get that of the network's own data.
    ///
    /// # Errors
    /// Images or classes of another kind than the network's, an empty split, data that cannot be read, a loss that is not
    /// finite.
    pub fn score(
        &self,
        dataset: &Arc<dyn Dataset>,
        split: Split,
        batch_size: usize,
        threads: usize,
    ) -> Result<Scores, TrainError> {
        let Checkpoint { meta, store, .. } = &self.checkpoint;
        let graph = models::build(&meta.model, meta.extent, meta.classes)?;
        check_fit(&graph, dataset.as_ref())?;
        if dataset.is_empty(split) {
            return Err(TrainError::EmptySplit { data: dataset.name().to_owned(), split });
        }
        let optimizer = Recipe::default().optimizer();
        let options = SessionOptions { max_batch: batch_size.min(dataset.len(split)), threads, optimizer };
        let mut session = Session::new(graph, store.clone(), options).map_err(TrainError::Session)?;
        let own =
            meta.data.as_ref().map(|data| Normalization { mean: data.mean.clone(), std: data.std.clone() });
        let affine = own.and_then(|own| renormalization(&dataset.normalization(), &own));
        let mut loader = Loader::new(Arc::clone(dataset), Pass::Evaluate(split), batch_size)?;
        let mut pass = loader.epoch(0, 0)?;
        let mut scores = Scores::new(meta.classes);
        let mut renormalized = Vec::new();
        while let Some(batch) = pass.next_batch()? {
            let mut images = &batch.images[..];
            if let Some(affine) = &affine {
                renormalized.clear();
                renormalized.extend_from_slice(images);
                renormalize(&mut renormalized, affine, meta.extent.area());
                images = &renormalized;
            }
            let logits = session.logits(images, batch.labels.len()).map_err(TrainError::Session)?;
            scores.add(&logits, &batch.labels);
        }
        if scores.loss().is_finite() {
            return Ok(scores);
        }
        let place = format!("loss of {} on the {split} split", self.path.display());
        Err(TrainError::NonFinite { step: meta.step, epoch: meta.epoch as u32, place })
    }
}

/// Per channel the factor and summand that take inputs of `data` to what the network's `own` constants make of the same
/// pixels; `None` if they are the same.
fn renormalization(data: &Normalization, own: &Normalization) -> Option<Vec<(f32, f32)>> {
    let fits = data.mean.len() == own.mean.len() && data.std.len() == own.std.len();
    if data == own || !fits {
        return None;
    }
    let channels = data.mean.iter().zip(&data.std).zip(own.mean.iter().zip(&own.std));
    Some(
        channels
            .map(|((mean, std), (own_mean, own_std))| {
                ((std / own_std) as f32, ((mean - own_mean) / own_std) as f32)
            })
            .collect(),
    )
}

/// Applies one factor and summand to each channel of `area` numbers.
fn renormalize(images: &mut [f32], affine: &[(f32, f32)], area: usize) {
    for (channel, &(factor, summand)) in images.chunks_mut(area).zip(affine.iter().cycle()) {
        channel.iter_mut().for_each(|number| *number = *number * factor + summand);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_constants_are_exchanged_for_the_networks_own() {
        let data = Normalization { mean: vec![0.5, 0.0], std: vec![0.25, 1.0] };
        let own = Normalization { mean: vec![0.25, 0.5], std: vec![0.5, 2.0] };
        let pixels = [0.0, 0.5, 1.0, 0.25];
        let with = |constants: &Normalization| -> Vec<f32> {
            let place = |at: usize| (constants.mean[at / 2 % 2], constants.std[at / 2 % 2]);
            let number = |(at, pixel): (usize, &f64)| ((pixel - place(at).0) / place(at).1) as f32;
            pixels.iter().enumerate().map(number).collect()
        };
        let mut images = with(&data);
        renormalize(&mut images, &renormalization(&data, &own).unwrap(), 2);
        assert_eq!(images, with(&own));
        assert_eq!(renormalization(&own, &own), None);
    }
}
