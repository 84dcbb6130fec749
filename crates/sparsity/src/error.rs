//! Why patterns could not be drawn.

use rarefy_core::memory::OutOfMemory;
use rarefy_core::{Block, Density, PatternError};

/// A request for sparsity that cannot be met.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SparsityError {
    /// No entry of a registry has the name.
    #[error("unknown {what} `{name}`{}; choices: {choices}", hint(.suggestion))]
    UnknownName {
        /// What the name should have been, e.g. `drop rule`.
        what: &'static str,
        /// The name given.
        name: String,
        /// The name probably meant.
        suggestion: Option<&'static str>,
        /// Every name.
        choices: String,
    },
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// A score cannot be ordered.
    #[error("`{rule}` scored weight {at} of layer `{layer}` as not-a-number; expected numbers")]
    NotANumber {
        /// The rule.
        rule: &'static str,
        /// Parameter name.
        layer: String,
        /// Where: an index into the dense weight, a block position or an index into the columns.
        at: usize,
    },
    /// A column is not as long as the layer has weights.
    #[error("layer `{layer}` needs {expected} {what}s, found {found}")]
    Column {
        /// Parameter name.
        layer: String,
        /// What the column holds.
        what: &'static str,
        /// Weights of the layer.
        expected: usize,
        /// Numbers found.
        found: usize,
    },
    /// An update of the patterns that cannot be.
    #[error(
        "an update exchanges a fraction from 0 to 1 of the weights and leaves {least} to {weights} of them, found fraction \
         {fraction} and {target} weights"
    )]
    Update {
        /// Fraction asked for.
        fraction: f64,
        /// Weights asked for.
        target: u64,
        /// One block of each layer.
        least: u64,
        /// All prunable weights.
        weights: u64,
    },
    /// A saliency keeps nothing of a layer.
    #[error(
        "`{rule}` keeps no weight of layer `{layer}`: nothing would pass it; raise the density or keep --min-per-layer 1"
    )]
    Collapse {
        /// The rule.
        rule: &'static str,
        /// Parameter name.
        layer: String,
    },
    /// What every layer keeps at least does not fit the budget.
    #[error(
        "`{rule}` has no room left at layer `{layer}`: what --min-per-layer and --keep-dense keep takes more than the \
         {target} weights of this density; raise the density or lower --min-per-layer"
    )]
    Least {
        /// The rule.
        rule: &'static str,
        /// Parameter name.
        layer: String,
        /// Weights of the network.
        target: u64,
    },
    /// A rule needs more than the density leaves.
    #[error(
        "density {density} keeps {target} weights, too few or too many for what `{rule}` gives layer `{layer}`; the \
         feasible range is {smallest} to {largest}"
    )]
    Infeasible {
        /// The rule.
        rule: &'static str,
        /// The density asked for.
        density: Density,
        /// Its budget.
        target: u64,
        /// The layer whose demand is in the way.
        layer: String,
        /// A feasible density just above the lower limit.
        smallest: f64,
        /// Upper limit.
        largest: f64,
    },
    /// A name stands for no layer.
    #[error("{what} names `{name}`, which is no layer of this network{}", meant(.suggestion))]
    NoSuchLayer {
        /// Where the name was given.
        what: &'static str,
        /// The name.
        name: String,
        /// The name probably meant.
        suggestion: Option<String>,
    },
    /// A table of densities lacks a layer.
    #[error("the table of densities has none for layer `{layer}`; add it, or `*` for all that are not named")]
    NoDensity {
        /// Parameter name.
        layer: String,
    },
    /// Random draws left a layer without weights.
    #[error(
        "the draws of --mask-sampling bernoulli left layer `{layer}` without a weight; raise the density, take another \
         seed, or --mask-sampling exact"
    )]
    EmptyDraw {
        /// Parameter name.
        layer: String,
    },
    /// Layers that are kept dense leave nothing for the others.
    #[error(
        "density {density} keeps {target} of {weights} weights, but --keep-dense takes {kept}; the feasible range is \
         {smallest} to 1, or give --budget pruned"
    )]
    KeptDense {
        /// The density asked for.
        density: Density,
        /// Its budget.
        target: u64,
        /// Prunable weights of the network.
        weights: u64,
        /// Weights of the layers kept dense.
        kept: u64,
        /// A feasible density just above the limit.
        smallest: f64,
    },
    /// A saliency was drawn without a network to measure.
    #[error(
        "`{rule}` measures the network on data, and there are none here; give a probe (`draw_patterns_with`) or choose another init"
    )]
    NoProbe {
        /// The rule.
        rule: &'static str,
    },
    /// The network could not be measured.
    #[error("`{rule}` cannot measure the network: {reason}")]
    Probe {
        /// The rule.
        rule: &'static str,
        /// Why.
        reason: String,
    },
    /// There is nothing to prune.
    #[error("the network has no prunable layer; expected at least one convolution or linear weight")]
    NoLayers,
    /// A layer's shape or block is none.
    #[error("layer `{layer}`: {source}")]
    Layer {
        /// Its name.
        layer: String,
        /// The reason.
        source: PatternError,
    },
    /// A block without rows or columns.
    #[error("a block needs at least one row and one column, found {}x{}", .found.rows, .found.columns)]
    Block {
        /// The block asked for.
        found: Block,
    },
    /// A list does not have one entry per layer.
    #[error("expected one {what} per layer ({expected}), found {found}")]
    Length {
        /// What is listed.
        what: &'static str,
        /// Number of layers.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// A rule gave a layer something that is no density.
    #[error("layer `{layer}` was given density {found}; expected a number above 0 and at most 1")]
    LayerDensity {
        /// Its name.
        layer: String,
        /// What it was given.
        found: f64,
    },
    /// A count exceeds the layer.
    #[error("layer `{layer}` has room for {capacity} blocks, {found} were asked for")]
    Capacity {
        /// Its name.
        layer: String,
        /// Block positions it has.
        capacity: u64,
        /// Blocks asked for.
        found: u64,
    },
    /// The budget does not give every layer a weight (or block).
    #[error(
        "density {density} keeps {target} of {weights} weights, but one {unit} in each of {layers} layers takes \
         {least}; the feasible range is {smallest} to 1"
    )]
    TooSparse {
        /// The density asked for.
        density: Density,
        /// Its budget.
        target: u64,
        /// Prunable weights of the network.
        weights: u64,
        /// `weight` or `block`.
        unit: &'static str,
        /// Number of layers.
        layers: usize,
        /// Weights that one unit per layer takes.
        least: u64,
        /// A feasible density just above the limit.
        smallest: f64,
    },
    /// The layers that must be dense leave too little for the others.
    #[error(
        "density {density} keeps {target} of {weights} weights, but what must be dense ({dense} of \
         {layers} layers){} takes {least}; the feasible range starts near {smallest}", others(unit, .first)
    )]
    TooManyDense {
        /// The density asked for.
        density: Density,
        /// Its budget.
        target: u64,
        /// Prunable weights of the network.
        weights: u64,
        /// Number of layers that must be full.
        dense: usize,
        /// Number of all layers.
        layers: usize,
        /// `weight` or `block`.
        unit: &'static str,
        /// The first of the other layers, if any.
        first: Option<String>,
        /// Weights needed.
        least: u64,
        /// A density just above what is needed; there the rule may make more layers dense.
        smallest: f64,
    },
}

impl SparsityError {
    /// Whether there was not enough memory.
    pub fn is_memory(&self) -> bool {
        matches!(self, Self::Memory(_) | Self::Layer { source: PatternError::Memory(_), .. })
    }
}

fn hint(suggestion: &Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn others(unit: &str, first: &Option<String>) -> String {
    first
        .as_ref()
        .map_or_else(String::new, |first| format!(" and one {unit} in each other layer (from `{first}` on)"))
}
