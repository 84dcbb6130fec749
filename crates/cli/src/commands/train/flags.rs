//! Flags that override a recipe.

use crate::args::{choices, data_help, init_help, model_help};
use crate::dynamic_flags::DynamicFlags;
use crate::init_flags::InitFlags;
use clap::builder::BoolishValueParser;
use rarefy::core::Density;
use rarefy::data::Constants;
use rarefy::nn::optim::DECAYS;
use rarefy::train::{LrScheduleName, Method, OptimizerName, PatternUnit, Recipe, Scaled};
use std::path::PathBuf;

/// One flag per recipe key; what is not given stays as the recipe has it.
#[derive(clap::Args)]
pub(crate) struct RecipeFlags {
    #[arg(long, help = data_help())]
    pub(crate) data: Option<String>,
    /// Folder of the data set's files; embedded data needs none
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Share of the training images to validate on; 0 trains on all [default: the data set's, 0.1]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    valid_split: Option<f64>,
    /// Draw the validation images at random by this seed [default: the last training images]
    #[arg(long, value_name = "SEED")]
    split_seed: Option<u64>,
    #[arg(long, help = choices("Mean and deviation the pixels are normalized by", Constants::ALL.map(Constants::name)))]
    normalization: Option<Constants>,
    /// Make 28x28 images 32x32 by a black border: true or false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new())]
    pad_to_32: Option<bool>,
    #[arg(long, short, help = model_help())]
    pub(super) model: Option<String>,
    /// Share of weights that exist: above 0, at most 1 (dense), of those of convolutions and linear layers
    #[arg(long, short, allow_hyphen_values = true)]
    pub(super) density: Option<Density>,
    #[arg(long, help = init_help())]
    pub(super) sparse_init: Option<String>,
    /// Unit in which weights are drawn: `unstructured` or `block:RxC` (R output x C input channels)
    #[arg(long)]
    pub(super) pattern: Option<PatternUnit>,
    #[arg(long, help = choices("Scale initial weights to the density of the layer or to each output's own fan-in", Scaled::ALL.iter().map(|(name, _)| *name)))]
    #[arg( value_name = "TO", num_args = 0..=1, require_equals = true, default_missing_value = "layer")]
    scaled: Option<Scaled>,
    #[arg(long, help = choices("How the pattern changes while training", Method::all().map(Method::name)))]
    pub(super) method: Option<Method>,
    /// Passes over the training samples
    #[arg(long, short)]
    epochs: Option<u32>,
    /// Factor on epochs and milestones
    #[arg(long, value_name = "N")]
    multiplier: Option<u32>,
    /// Samples of a step
    #[arg(long, short, value_name = "B")]
    batch_size: Option<usize>,
    /// Batches of an optimizer step, each with batch-norm statistics of its own [default: 1]
    #[arg(long, value_name = "K")]
    accumulate: Option<usize>,
    /// Samples that share batch-norm statistics, so that their whole pass stays in cache [default: the batch size]
    #[arg(long, value_name = "N")]
    norm_batch: Option<usize>,
    /// Samples of a batch in validation and test [default: the batch size]
    #[arg(long, value_name = "B")]
    test_batch_size: Option<usize>,
    /// Base learning rate
    #[arg(long, allow_hyphen_values = true)]
    lr: Option<f64>,
    #[arg(long, value_name = "NAME", help = schedule_help())]
    lr_schedule: Option<LrScheduleName>,
    /// Epochs (from 0) at which multistep divides the rate by ten [default: 1/2 and 3/4 of the epochs]
    #[arg(long, value_name = "E,E...", value_delimiter = ',')]
    milestones: Option<Vec<u32>>,
    /// Epochs of linear warm-up
    #[arg(long, value_name = "EPOCHS")]
    warmup: Option<u32>,
    #[arg(long, help = choices("Update rule", OptimizerName::ALL.iter().map(|(name, _)| *name)))]
    optimizer: Option<OptimizerName>,
    /// SGD's momentum factor
    #[arg(long, allow_hyphen_values = true)]
    momentum: Option<f64>,
    /// SGD's look-ahead: true or false
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new())]
    nesterov: Option<bool>,
    /// L2 penalty
    #[arg(long, allow_hyphen_values = true)]
    weight_decay: Option<f64>,
    /// Seed of everything that is random
    #[arg(long, short)]
    seed: Option<u64>,
    /// Seed of the pattern [default: the seed]
    #[arg(long, value_name = "SEED")]
    mask_seed: Option<u64>,
    /// Seed of the initial weights [default: the seed]
    #[arg(long, value_name = "SEED")]
    init_seed: Option<u64>,
    /// Seed of sample order and augmentation [default: the seed]
    #[arg(long, value_name = "SEED")]
    data_seed: Option<u64>,
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, short)]
    threads: Option<usize>,
    /// Keep the position every N steps, besides after every epoch
    #[arg(long, value_name = "STEPS")]
    checkpoint_every: Option<u64>,
    /// Keep gradient norms, layer by layer, in gradient_flow.jsonl: every 10 steps, or every N
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "10")]
    log_gradient_flow: Option<u64>,
    /// Folder of the run [default: a new one under runs/]
    #[arg(long, short, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    init: InitFlags,
    #[command(flatten)]
    pub(super) dynamic: DynamicFlags,
}

impl RecipeFlags {
    /// Overrides the keys of `recipe` whose flags were given.
    pub(crate) fn apply(&self, recipe: &mut Recipe) {
        set(&mut recipe.data, &self.data);
        set(&mut recipe.normalization, &self.normalization);
        set(&mut recipe.pad_to_32, &self.pad_to_32);
        set(&mut recipe.model, &self.model);
        set(&mut recipe.density, &self.density);
        set(&mut recipe.sparse_init, &self.sparse_init);
        set(&mut recipe.pattern, &self.pattern);
        set(&mut recipe.method, &self.method);
        set(&mut recipe.epochs, &self.epochs);
        set(&mut recipe.multiplier, &self.multiplier);
        set(&mut recipe.batch_size, &self.batch_size);
        set(&mut recipe.accumulate, &self.accumulate);
        set(&mut recipe.lr, &self.lr);
        set(&mut recipe.lr_schedule, &self.lr_schedule);
        set(&mut recipe.warmup, &self.warmup);
        set(&mut recipe.optimizer, &self.optimizer);
        set(&mut recipe.momentum, &self.momentum);
        set(&mut recipe.nesterov, &self.nesterov);
        set(&mut recipe.weight_decay, &self.weight_decay);
        set(&mut recipe.seed, &self.seed);
        set_some(&mut recipe.scaled, &self.scaled);
        set_some(&mut recipe.data_dir, &self.data_dir);
        set_some(&mut recipe.valid_split, &self.valid_split);
        set_some(&mut recipe.split_seed, &self.split_seed);
        set_some(&mut recipe.test_batch_size, &self.test_batch_size);
        set_some(&mut recipe.norm_batch, &self.norm_batch);
        set_some(&mut recipe.milestones, &self.milestones);
        set_some(&mut recipe.mask_seed, &self.mask_seed);
        set_some(&mut recipe.init_seed, &self.init_seed);
        set_some(&mut recipe.data_seed, &self.data_seed);
        set_some(&mut recipe.threads, &self.threads);
        set_some(&mut recipe.checkpoint_every, &self.checkpoint_every);
        set_some(&mut recipe.log_gradient_flow, &self.log_gradient_flow);
        set_some(&mut recipe.out, &self.out);
        self.init.apply(recipe);
        self.dynamic.apply(recipe);
        // Some methods are meant with densities of their own.
        if let (Some(init), None) = (self.method.and_then(|method| method.preset().init), &self.sparse_init) {
            recipe.sparse_init = init.to_owned();
        }
    }
}

fn schedule_help() -> String {
    choices("Shape of the learning rate over epochs", DECAYS.iter().map(|decay| decay.name))
}

fn set<T: Clone>(value: &mut T, flag: &Option<T>) {
    if let Some(flag) = flag {
        value.clone_from(flag);
    }
}

fn set_some<T: Clone>(value: &mut Option<T>, flag: &Option<T>) {
    if flag.is_some() {
        value.clone_from(flag);
    }
}
