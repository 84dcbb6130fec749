//! From a request to patterns.

use crate::budget::{self, Budget, Shares};
use crate::init::{File, Problem, Rule};
use crate::saliency::{self, Probe, Saliency};
use crate::{BudgetOver, Layer, MaskSampling, Options, SparsityError, sampling};
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
    /// Everything else; [`Options::none`] for nothing.
    pub options: &'a Options,
}

/// The patterns of a network and how they came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// One pattern per layer.
    pub patterns: Vec<Pattern>,
    /// One entry per layer.
    pub layers: Vec<DrawnLayer>,
    /// Weights asked for: `round(density * weights)`, with [`BudgetOver::Pruned`] besides those kept dense.
    pub target: u64,
    /// Weights that exist: the target; with blocks the largest attainable number not above it; with
    /// [`MaskSampling::Bernoulli`] what chance gave.
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

/// Draws the patterns of a network by a formula: the rule's densities, the exact budget, random positions.
///
/// # Errors
/// A request that cannot be met; a saliency, which needs [`draw_with`].
pub fn draw(request: &Request<'_>) -> Result<Drawn, SparsityError> {
    draw_with(request, None)
}

/// [`draw`] of any init; a saliency measures the network by `probe`.
///
/// # Errors
/// A request that cannot be met, a saliency without a probe, what the probe says.
pub fn draw_with(request: &Request<'_>, probe: Option<&mut dyn Probe>) -> Result<Drawn, SparsityError> {
    let &Request { init, layers, block, mask_seed, options, .. } = request;
    let dense = dense_layers(request)?;
    let plan = match (init.saliency(), probe) {
        (None, _) => by_formula(request, &dense)?,
        (Some(saliency), Some(probe)) => by_saliency(request, &saliency, &dense, probe)?,
        (Some(_), None) => return Err(SparsityError::NoProbe { rule: init.name() }),
    };
    let Plan { densities, shares, positions } = plan;
    let patterns = match (positions, options.mask_sampling) {
        (Some(positions), _) => at(layers, &positions, block)?,
        (None, MaskSampling::Exact) => sampling::sample(layers, &shares.counts, block, mask_seed)?,
        (None, MaskSampling::Bernoulli) => sampling::sample_bernoulli(layers, &densities, block, mask_seed)?,
    };
    let layers: Vec<DrawnLayer> = densities
        .iter()
        .zip(&patterns)
        .map(|(&ideal_density, pattern)| DrawnLayer {
            ideal_density,
            block: pattern.block(),
            nnz: pattern.nnz() as u64,
        })
        .collect();
    let attained = layers.iter().map(|layer| layer.nnz).sum();
    Ok(Drawn { patterns, layers, target: shares.target, attained })
}

/// What is decided before positions are.
struct Plan {
    densities: Vec<f64>,
    shares: Shares,
    /// A saliency's own positions, where those are wanted.
    positions: Option<Vec<Vec<u32>>>,
}

/// For every layer whether it is kept dense.
fn dense_layers(request: &Request<'_>) -> Result<Vec<bool>, SparsityError> {
    let &Request { layers, density, block, options, .. } = request;
    Problem::new(layers, density)?;
    if block.is_empty() {
        return Err(SparsityError::Block { found: block });
    }
    File::check(layers, options)?;
    options.keep_dense.select(layers)
}

/// Weights of the layers that are `dense`, and the budget of all.
fn budget(request: &Request<'_>, density: Density, dense: &[bool]) -> (u64, Budget) {
    let weights: u64 = request.layers.iter().map(Layer::weights).sum();
    let kept =
        request.layers.iter().zip(dense).filter(|(_, dense)| **dense).map(|(layer, _)| layer.weights()).sum();
    match request.options.budget {
        BudgetOver::Total => (kept, Budget::of(density, weights)),
        BudgetOver::Pruned => (kept, Budget { density, fixed: kept, over: weights - kept }),
    }
}

/// Densities of a formula over the layers that are not kept dense.
fn by_formula(request: &Request<'_>, dense: &[bool]) -> Result<Plan, SparsityError> {
    let &Request { init, layers, density, block, options, .. } = request;
    let rest: Vec<usize> = (0..layers.len()).filter(|&layer| !dense[layer]).collect();
    let (kept, whole) = budget(request, density, dense);
    let mut densities = vec![1.0; layers.len()];
    let mut budget = whole;
    if rest.is_empty() {
        budget.density = if options.budget == BudgetOver::Pruned { Density::DENSE } else { density };
    } else {
        let some: Vec<Layer> = rest.iter().map(|&layer| layers[layer].clone()).collect();
        let problem = rest_problem(&Problem::new(layers, density)?.with(options), &some, &rest, whole, kept)?;
        let spent = init.density(&problem)?;
        if spent != problem.density {
            // The rule has a density of its own.
            budget = Budget { density: spent, fixed: kept, over: problem.weights() };
        }
        for (&layer, density) in rest.iter().zip(init.densities(&problem)?) {
            densities[layer] = density;
        }
    }
    let shares = budget::share_budget(layers, &densities, &budget, block)?;
    Ok(Plan { densities, shares, positions: None })
}

/// The problem of the layers `rest`, which are `some`, when the others keep `kept` weights.
fn rest_problem<'a>(
    all: &Problem<'a>,
    some: &'a [Layer],
    rest: &[usize],
    budget: Budget,
    kept: u64,
) -> Result<Problem<'a>, SparsityError> {
    let weights: u64 = some.iter().map(Layer::weights).sum();
    let left = budget.fixed as f64 + budget.density.get() * budget.over as f64 - kept as f64;
    let density = if kept == 0 { Ok(budget.density) } else { Density::new((left / weights as f64).min(1.0)) };
    let density = density.map_err(|_| SparsityError::KeptDense {
        density: budget.density,
        target: budget.target(),
        weights: all.weights(),
        kept,
        smallest: budget::just_above((kept + some.len() as u64) as f64, all.weights() as f64),
    })?;
    let index = |layer: Option<usize>| rest.iter().position(|&at| Some(at) == layer);
    Ok(all.rest(some, density, (index(all.first), index(all.classifier)), budget, kept))
}

/// Counts of the largest scores of the network.
fn by_saliency(
    request: &Request<'_>,
    saliency: &Saliency,
    dense: &[bool],
    probe: &mut dyn Probe,
) -> Result<Plan, SparsityError> {
    let &Request { init, layers, density, block, options, .. } = request;
    let (_, budget) = budget(request, density, dense);
    let least: Vec<u64> =
        dense.iter().map(|dense| if *dense { u64::MAX } else { options.min_per_layer }).collect();
    // What no rule could meet is refused before anything is measured.
    let even: Vec<f64> = dense.iter().map(|&dense| if dense { 1.0 } else { 0.5 }).collect();
    budget::share_budget(layers, &even, &budget, block)?;
    let (rule, rounds) = (init.name(), options.saliency_rounds);
    let kept = saliency::measure(rule, saliency, layers, probe, budget.target(), &least, rounds, block)?;
    let share = |(layer, positions): (&Layer, &Vec<u32>)| {
        (positions.len() * block.fit(layer.shape).len()) as f64 / layer.weights() as f64
    };
    let densities: Vec<f64> = layers.iter().zip(&kept.positions).map(share).collect();
    let shares = budget::share_budget(layers, &densities, &budget, block)?;
    let positions = options.saliency_mask.then(|| kept.best(&shares.counts));
    Ok(Plan { densities, shares, positions })
}

/// Patterns with blocks at `positions`.
fn at(layers: &[Layer], positions: &[Vec<u32>], block: Block) -> Result<Vec<Pattern>, SparsityError> {
    let pattern = |(layer, positions): (&Layer, &Vec<u32>)| {
        Pattern::from_positions(layer.shape, block.fit(layer.shape), positions)
            .map_err(|source| SparsityError::Layer { layer: layer.name.clone(), source })
    };
    layers.iter().zip(positions).map(pattern).collect()
}
