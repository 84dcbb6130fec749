//! Everything that decides a run, as one re-runnable TOML file.

mod by_name;
mod check;
mod choices;
mod defaults;
mod dynamic;
mod extended;
mod identity;
mod init_options;
mod needs;
mod paths;
mod start;
mod toml;

pub use check::RecipeError;
pub use choices::{
    BudgetName, LrScheduleName, MaskSamplingName, MatchName, Method, OptimizerName, PatternUnit,
    PatternUnitError, PruneScope, Scaled,
};
pub use dynamic::DynamicOptions;
pub use identity::{Difference, Identity};
pub use init_options::KeepDenseList;

use rarefy_core::Density;
use rarefy_core::memory::most_threads;
use rarefy_data::Constants;
use rarefy_formats::Seeds;
use rarefy_nn::optim::{LrSchedule, Optimizer, UnknownDecay, half_and_three_quarters};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A training run: the same recipe gives the same network, bit for bit, on one instruction set.
///
/// A recipe file may leave out any key; the default is that of its data set, [`Recipe::for_data`]. Unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Data set name.
    pub data: String,
    /// Folder of the data set's files; embedded data needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Share of the training images that becomes the validation split; 0 trains on all. By default the data set's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_split: Option<f64>,
    /// Draws the validation split at random; by default it is the last training images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_seed: Option<u64>,
    /// Constants of the normalization.
    #[serde(with = "by_name", skip_serializing_if = "is_standard")]
    pub normalization: Constants,
    /// Black borders around 28 x 28 images (MNIST) make them 32 x 32.
    #[serde(skip_serializing_if = "is_false")]
    pub pad_to_32: bool,
    /// Model name.
    pub model: String,
    /// Fraction of prunable weights that exist; 1 is dense training.
    pub density: Density,
    /// Rule of the layer-wise densities.
    pub sparse_init: String,
    /// Exponent of the scores of `er`, `erk` and `erk_plus`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erk_power: Option<f64>,
    /// Density of the classifier with `erk_plus`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fc_density: Option<Density>,
    /// Layers that stay dense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_dense: Option<KeepDenseList>,
    /// What the density is a fraction of when layers stay dense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetName>,
    /// How positions are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_sampling: Option<MaskSamplingName>,
    /// Whether a saliency keeps its own positions instead of random ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saliency_mask: Option<bool>,
    /// Rounds of an iterative saliency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saliency_rounds: Option<u32>,
    /// Training samples of each class that a saliency looks at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_per_class: Option<u32>,
    /// Weights (or blocks) that a saliency leaves every layer at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_per_layer: Option<u64>,
    /// Unit in which weights are drawn.
    pub pattern: PatternUnit,
    /// Train the dense network of the same cost instead, see [`Recipe::matched`].
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub match_dense: Option<MatchName>,
    /// Run or checkpoint whose patterns this run has; the density is then theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_from: Option<PathBuf>,
    /// The patterns of `mask_from` keep their numbers of weights, layer by layer, at positions drawn anew.
    #[serde(skip_serializing_if = "is_false")]
    pub shuffle_mask: bool,
    /// With `mask_from`: initial weights of another seed than its run's.
    #[serde(skip_serializing_if = "is_false")]
    pub reinit: bool,
    /// Run or checkpoint whose weights and running statistics this run starts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights_from: Option<PathBuf>,
    /// With `weights_from`: the run starts after this epoch of its schedule, with the optimizer state that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewind_epoch: Option<u32>,
    /// What initial weights are scaled to; by default they are those of the dense network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scaled: Option<Scaled>,
    /// How the pattern changes while training.
    pub method: Method,
    /// Passes over the training samples.
    pub epochs: u32,
    /// `epochs` of the finished runs that this one goes on from, ascending: each epoch was trained as in the shortest run that has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extended_from: Vec<u32>,
    /// Factor on `epochs` and milestones, as the published code has it.
    #[serde(skip_serializing_if = "is_one")]
    pub multiplier: u32,
    /// Samples of a step (times `accumulate`); the last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// Batches of `batch_size` in one optimizer step; each has batch-norm statistics of its own.
    #[serde(skip_serializing_if = "is_one_batch")]
    pub accumulate: usize,
    /// Most samples that share batch-norm statistics; by default `batch_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm_batch: Option<usize>,
    /// Samples of a batch in validation and test; by default `batch_size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_batch_size: Option<usize>,
    /// Base learning rate.
    pub lr: f64,
    /// Shape of the learning rate over epochs.
    pub lr_schedule: LrScheduleName,
    /// Epochs (from 0) at which `multistep` divides the rate by ten; by default 1/2 and 3/4 of `epochs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milestones: Option<Vec<u32>>,
    /// Epochs of linear warm-up.
    pub warmup: u32,
    /// Update rule.
    pub optimizer: OptimizerName,
    /// SGD's momentum factor.
    pub momentum: f64,
    /// SGD's look-ahead.
    pub nesterov: bool,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Default of the seeds below.
    pub seed: u64,
    /// Seed of the pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_seed: Option<u64>,
    /// Seed of the initial weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_seed: Option<u64>,
    /// Seed of sample order and augmentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_seed: Option<u64>,
    /// Worker threads (default: all cores). Results do not depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
    /// Steps between checkpoints within an epoch; each epoch ends with one anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<u64>,
    /// Densities by layer name of `sparse_init = "file"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer_densities: Option<BTreeMap<String, f64>>,
    /// Steps between lines of gradient norms in `gradient_flow.jsonl`; by default none are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_gradient_flow: Option<u64>,
    /// Settings that override those of `method`.
    #[serde(skip_serializing_if = "DynamicOptions::is_empty")]
    pub dynamic: DynamicOptions,
    /// Run directory (default: a new one under `runs/`). Not written into a run's own recipe, so that it can be run again.
    #[serde(skip_serializing)]
    pub out: Option<PathBuf>,
}

/// The published milestones of a run of `epochs`.
fn published_milestones(epochs: u32) -> Vec<u32> {
    half_and_three_quarters(epochs as usize, 1).map(|epoch| epoch as u32).to_vec()
}

fn is_standard(constants: &Constants) -> bool {
    *constants == Constants::Standard
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Whether a multiplier changes nothing.
fn is_one(multiplier: &u32) -> bool {
    *multiplier == 1
}

/// Whether a step is one batch.
fn is_one_batch(accumulate: &usize) -> bool {
    *accumulate == 1
}

impl Recipe {
    /// Samples of an optimizer step: `batch_size * accumulate`.
    pub fn step_samples(&self) -> usize {
        self.batch_size.saturating_mul(self.accumulate)
    }

    /// Most samples that share batch-norm statistics and a pass; `None` if that is every batch as a whole.
    pub fn group_samples(&self) -> Option<usize> {
        let most = self.norm_batch.unwrap_or(self.batch_size);
        (most < self.step_samples()).then_some(most)
    }

    /// The seeds of pattern, initial weights and order.
    pub fn seeds(&self) -> Seeds {
        Seeds { mask: self.mask_seed(), init: self.init_seed(), data: self.data_seed() }
    }

    /// Seed of the pattern.
    pub fn mask_seed(&self) -> u64 {
        self.mask_seed.unwrap_or(self.seed)
    }

    /// Seed of the initial weights.
    pub fn init_seed(&self) -> u64 {
        self.init_seed.unwrap_or(self.seed)
    }

    /// Seed of sample order and augmentation.
    pub fn data_seed(&self) -> u64 {
        self.data_seed.unwrap_or(self.seed)
    }

    /// Epochs of the whole run: `epochs * multiplier`.
    pub fn total_epochs(&self) -> u32 {
        self.epochs.saturating_mul(self.multiplier)
    }

    /// Milestones of `multistep` in epochs of the whole run: those given, or the published 1/2 and 3/4 of `epochs`, each
    /// times `multiplier`.
    pub fn milestones(&self) -> Vec<u32> {
        self.base_milestones().into_iter().map(|epoch| epoch.saturating_mul(self.multiplier)).collect()
    }

    /// Milestones before the multiplier.
    fn base_milestones(&self) -> Vec<u32> {
        self.milestones.clone().unwrap_or_else(|| published_milestones(self.epochs))
    }

    /// Samples of a batch in validation and test.
    pub fn test_batch_size(&self) -> usize {
        self.test_batch_size.unwrap_or(self.batch_size)
    }

    /// Learning rate of every epoch.
    pub fn lr_schedule(&self) -> Result<LrSchedule, UnknownDecay> {
        let schedule = LrSchedule::new(self.lr_schedule.name(), self.total_epochs() as usize)?;
        let milestones = self.milestones().into_iter().map(|epoch| epoch as usize).collect();
        Ok(LrSchedule { milestones, warmup_epochs: self.warmup as usize, ..schedule })
    }

    /// Update rule.
    pub fn optimizer(&self) -> Optimizer {
        let weight_decay = self.weight_decay as f32;
        match self.optimizer {
            OptimizerName::Sgd => {
                Optimizer::Sgd { momentum: self.momentum as f32, nesterov: self.nesterov, weight_decay }
            }
            OptimizerName::Adam => Optimizer::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay },
        }
    }

    /// Worker threads: those given, but no more than a few a core ([`most_threads`]), or one per core.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(cores).min(most_threads())
    }
}
