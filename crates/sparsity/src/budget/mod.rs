//! How many weights each layer gets, exactly.

pub(crate) mod exchange;
pub(crate) mod slot;

use crate::init::Problem;
use crate::{Layer, SparsityError};
use rarefy_core::{Block, Density};
use slot::Slot;

/// How many weights a network gets: `fixed + round(density * over)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// The density asked for.
    pub density: Density,
    /// Weights besides those that the density is a fraction of.
    pub fixed: u64,
    /// Weights that the density is a fraction of.
    pub over: u64,
}

impl Budget {
    /// `round(density * weights)`.
    pub const fn of(density: Density, weights: u64) -> Self {
        Self { density, fixed: 0, over: weights }
    }

    /// The number of weights.
    pub fn target(&self) -> u64 {
        self.fixed + self.density.budget(self.over)
    }

    /// A density just large enough for `weights` weights, short to read.
    fn smallest(&self, weights: u64) -> f64 {
        just_above(weights.saturating_sub(self.fixed) as f64, self.over as f64)
    }
}

/// A budget shared among layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Blocks per layer, in units of the block fitted to the layer: at least 1, at most what the layer holds.
    pub counts: Vec<u64>,
    /// Weights asked for: `round(density * weights)`.
    pub target: u64,
    /// Weights given: the target, or with blocks the largest attainable number not above it.
    pub attained: u64,
}

/// Shares `round(density * N)` weights among `layers` as their ideal `densities` say.
///
/// A layer whose density is 1 gets all its weights. The others get `floor(density_l * n_l)`, at least one each, and what
/// is left goes to the largest remainders, ties to the lower index. Where that least or the layers' capacities make the
/// sum miss the budget, the others' shares are scaled to meet it.
///
/// With blocks everything counts in blocks fitted to the layer ([`Block::fit`]), and the sum is the largest attainable
/// one not above the target: exactly, as long as the largest unit is at most 360 times the greatest common divisor of all.
pub fn share(
    layers: &[Layer],
    densities: &[f64],
    density: Density,
    block: Block,
) -> Result<Shares, SparsityError> {
    let problem = Problem::new(layers, density)?;
    share_budget(layers, densities, &Budget::of(density, problem.weights()), block)
}

/// [`share`] of any budget.
///
/// # Errors
/// Lists and blocks that fit no layer, a budget too small for one block a layer or for the layers of density 1.
pub fn share_budget(
    layers: &[Layer],
    densities: &[f64],
    budget: &Budget,
    block: Block,
) -> Result<Shares, SparsityError> {
    let density = budget.density;
    let weights = Problem::new(layers, density)?.weights();
    check(layers, densities, block)?;
    let target = budget.target().min(weights);
    let unit = if block == Block::UNSTRUCTURED { "weight" } else { "block" };
    let units: Vec<u64> = layers.iter().map(|layer| block.fit(layer.shape).len() as u64).collect();

    let least: u64 = units.iter().sum();
    if target < least {
        let (layers, smallest) = (layers.len(), budget.smallest(least));
        return Err(SparsityError::TooSparse { density, target, weights, unit, layers, least, smallest });
    }

    let mut counts: Vec<u64> =
        layers.iter().zip(&units).map(|(layer, unit)| layer.weights() / unit).collect();
    let (dense, sparse): (Vec<usize>, Vec<usize>) =
        (0..layers.len()).partition(|&layer| densities[layer] >= 1.0);
    let taken: u64 = dense.iter().map(|&layer| layers[layer].weights()).sum();
    let least = taken + sparse.iter().map(|&layer| units[layer]).sum::<u64>();
    if target < least {
        let first = sparse.first().map(|&layer| layers[layer].name.clone());
        let (dense, layers, smallest) = (dense.len(), layers.len(), budget.smallest(least));
        return Err(SparsityError::TooManyDense {
            density,
            target,
            weights,
            dense,
            layers,
            unit,
            first,
            least,
            smallest,
        });
    }

    let slot = |&layer: &usize| Slot::new(units[layer], counts[layer], densities[layer]);
    let mut slots: Vec<Slot> = sparse.iter().map(slot).collect();
    let left = slot::fill(&mut slots, target - taken);
    let left = exchange::fill_gap(&mut slots, left);
    for (&layer, slot) in sparse.iter().zip(&slots) {
        counts[layer] = slot.count;
    }
    Ok(Shares { counts, target, attained: target - left })
}

fn check(layers: &[Layer], densities: &[f64], block: Block) -> Result<(), SparsityError> {
    if block.is_empty() {
        return Err(SparsityError::Block { found: block });
    }
    if layers.len() != densities.len() {
        return Err(SparsityError::Length {
            what: "density",
            expected: layers.len(),
            found: densities.len(),
        });
    }
    match layers.iter().zip(densities).find(|&(_, &density)| !(density > 0.0 && density <= 1.0)) {
        Some((layer, &found)) => Err(SparsityError::LayerDensity { layer: layer.name.clone(), found }),
        None => Ok(()),
    }
}

/// `part / whole` rounded up to three significant digits, at most 1: short to read and still feasible.
pub(crate) fn just_above(part: f64, whole: f64) -> f64 {
    let ratio = part / whole;
    let scale = 10f64.powi(2 - ratio.log10().floor() as i32);
    ((ratio * scale).ceil() / scale).min(1.0)
}
