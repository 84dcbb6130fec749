//! Why patterns could not be drawn.

use rarefy_core::{Block, Density, PatternError};

/// A request for sparsity that cannot be met.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SparsityError {
    /// No initial density rule has the name.
    #[error("unknown sparse init `{name}`{}; choices: {choices}", hint(.suggestion))]
    UnknownInit {
        /// The name given.
        name: String,
        /// The name probably meant.
        suggestion: Option<&'static str>,
        /// Every name.
        choices: String,
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
        "density {density} keeps {target} of {weights} weights, but what this sparse init makes dense ({dense} of \
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

fn hint(suggestion: &Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

fn others(unit: &str, first: &Option<String>) -> String {
    first
        .as_ref()
        .map_or_else(String::new, |first| format!(" and one {unit} in each other layer (from `{first}` on)"))
}
