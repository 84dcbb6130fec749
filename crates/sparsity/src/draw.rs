//! From a request to patterns.

use crate::init::{Problem, Rule};
use crate::{Layer, SparsityError, budget, sampling};
use rarefy_core::{Block, Density, Pattern};

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How the density is shared among layers: one of [`crate::init::REGISTRY`] (see [`crate::init::find`]) or your own.
    pub init: &'a dyn Rule,
    /// The prunable layers in forward order.
    pub layers: &'a [Layer],
    /// Global density.
    pub density: Density,
    /// Unit in which weights exist, fitted to each layer.
    pub block: Block,
    /// Seed of the positions.
    pub mask_seed: u64,
}

/// The patterns of a network and how they came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// One pattern per layer.
    pub patterns: Vec<Pattern>,
    /// One entry per layer.
    pub layers: Vec<DrawnLayer>,
    /// Weights asked for: `round(density * weights)`.
    pub target: u64,
    /// Weights that exist: the target, or with blocks the largest attainable number not above it.
    pub attained: u64,
}

/// What one layer got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnLayer {
    /// Density that the rule asked for.
    pub ideal_density: f64,
    /// The block as fitted to the layer.
    pub block: Block,
    /// Weights that exist.
    pub nnz: u64,
}

/// Draws the patterns of a network: the rule's densities, the exact budget, random positions.
pub fn draw(request: &Request<'_>) -> Result<Drawn, SparsityError> {
    let &Request { init, layers, density, block, mask_seed } = request;
    let densities = init.densities(&Problem::new(layers, density)?)?;
    let shared = budget::share(layers, &densities, density, block)?;
    let patterns = sampling::sample(layers, &shared.counts, block, mask_seed)?;
    let layers = densities
        .iter()
        .zip(&patterns)
        .map(|(&ideal_density, pattern)| DrawnLayer {
            ideal_density,
            block: pattern.block(),
            nnz: pattern.nnz() as u64,
        })
        .collect();
    Ok(Drawn { patterns, layers, target: shared.target, attained: shared.attained })
}
