//! What a request may say beyond init and density.

use crate::KeepDense;
use rarefy_core::Density;
use std::collections::BTreeMap;

/// Options of the inits; each has an effect only on those its text names.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `er`, `erk`, `erk_plus`: exponent of the score, 1 as published; 0 is uniform.
    pub erk_power: f64,
    /// `erk_plus`: density of the classifier.
    pub fc_density: Density,
    /// Layers that stay dense, of any init.
    pub keep_dense: KeepDense,
    /// What the density is a fraction of.
    pub budget: BudgetOver,
    /// How positions are drawn.
    pub mask_sampling: MaskSampling,
    /// Saliencies: keep the positions of the largest scores instead of random ones.
    pub saliency_mask: bool,
    /// Iterative saliencies: number of rounds.
    pub saliency_rounds: u32,
    /// Saliencies: blocks that each layer keeps at least; with 0 a layer without any is an error.
    pub min_per_layer: u64,
    /// `file`: densities by layer name; `*` is any layer without one.
    pub layer_densities: BTreeMap<String, f64>,
}

impl Options {
    /// Nothing said.
    pub fn none() -> &'static Self {
        static NONE: Options = Options::NONE;
        &NONE
    }

    const NONE: Self = Self {
        erk_power: 1.0,
        fc_density: Density::DENSE,
        keep_dense: KeepDense::NONE,
        budget: BudgetOver::Total,
        mask_sampling: MaskSampling::Exact,
        saliency_mask: false,
        saliency_rounds: 100,
        min_per_layer: 1,
        layer_densities: BTreeMap::new(),
    };
}

impl Default for Options {
    fn default() -> Self {
        Self::NONE
    }
}

/// What the density is a fraction of when some layers are kept dense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BudgetOver {
    /// All prunable weights: layers kept dense spend the budget.
    #[default]
    Total,
    /// The weights of the other layers.
    Pruned,
}

/// How the positions of existing weights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MaskSampling {
    /// Without replacement: every count is exact.
    #[default]
    Exact,
    /// Each block for itself with the layer's density, as the published code does: counts are random.
    Bernoulli,
}
