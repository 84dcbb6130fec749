//! Flags of the sparse inits, which several commands share.

use rarefy::core::Density;
use rarefy::train::{BudgetName, KeepDenseList, MaskSamplingName, Recipe};
use std::path::PathBuf;

/// One flag per recipe key; what is not given stays as the recipe has it.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct InitFlags {
    /// Exponent of the scores of er, erk and erk_plus [default: 1]
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    erk_power: Option<f64>,
    /// Density of the classifier with erk_plus [default: 1]
    #[arg(long, value_name = "D")]
    fc_density: Option<Density>,
    /// Layers that stay dense: a list of first, last, shortcut or regular expressions over layer names
    #[arg(long, value_name = "LIST")]
    keep_dense: Option<KeepDenseList>,
    /// What the density is a fraction of when layers stay dense: total (all weights) or pruned (the others) [default: total]
    #[arg(long, value_name = "OF")]
    budget: Option<BudgetName>,
    /// How positions are drawn: exact (counts are exact) or bernoulli (as the published code does) [default: exact]
    #[arg(long, value_name = "HOW")]
    mask_sampling: Option<MaskSamplingName>,
    /// Keep the positions of the largest saliencies instead of random ones: true or false [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(value_parser = clap::builder::BoolishValueParser::new())]
    saliency_mask: Option<bool>,
    /// Rounds of synflow [default: 100]
    #[arg(long, value_name = "N")]
    saliency_rounds: Option<u32>,
    /// Training images of each class that snip (one batch) and grasp (two batches, half of the classes each) look at; more than
    /// a training batch are cut into several, each with batch-norm statistics of its own [default: 10]
    #[arg(long, value_name = "N")]
    samples_per_class: Option<u32>,
    /// Weights (or blocks) that a saliency leaves every layer at least; with 0 an empty layer is an error [default: 1]
    #[arg(long, value_name = "N")]
    min_per_layer: Option<u64>,
    /// Densities by layer name, TOML or JSON: as --sparse-init file:FILE
    #[arg(long, value_name = "FILE")]
    layer_densities: Option<PathBuf>,
}

impl InitFlags {
    /// Overrides the keys of `recipe` whose flags were given.
    pub(crate) fn apply(&self, recipe: &mut Recipe) {
        let Self { erk_power, fc_density, budget, mask_sampling, .. } = *self;
        recipe.erk_power = erk_power.or(recipe.erk_power);
        recipe.fc_density = fc_density.or(recipe.fc_density);
        recipe.budget = budget.or(recipe.budget);
        recipe.mask_sampling = mask_sampling.or(recipe.mask_sampling);
        recipe.saliency_mask = self.saliency_mask.or(recipe.saliency_mask);
        recipe.saliency_rounds = self.saliency_rounds.or(recipe.saliency_rounds);
        recipe.samples_per_class = self.samples_per_class.or(recipe.samples_per_class);
        recipe.min_per_layer = self.min_per_layer.or(recipe.min_per_layer);
        if self.keep_dense.is_some() {
            recipe.keep_dense.clone_from(&self.keep_dense);
        }
        if let Some(path) = &self.layer_densities {
            recipe.sparse_init = format!("file:{}", path.display());
        }
    }
}
