//! Scores of a network, in one round or in many.

use super::{Kept, Need, Probe, Saliency, rank};
use crate::{Layer, SparsityError};
use rarefy_core::{Block, Pattern, memory};

/// Bytes of a weight while all are scored: its value, what was measured, its score and place as a candidate and
/// as one that is kept, its places in their order, in the pattern and in the dense layer.
const WEIGHT_BYTES: u64 = 8 + 8 + 2 * 16 + 2 * 4 + 8;

/// Scores the network and keeps `target` of its weights, at least `least[l]` blocks of layer `l` (as many as
/// it has, if fewer); a block is fitted to its layer.
///
/// An iterative saliency keeps a share `(target / all)^(k / rounds)` of the weights after round `k` of `rounds` and scores
/// what is left again (Tanaka et al., *Pruning neural networks without any data by iteratively conserving synaptic flow*,
/// NeurIPS 2020). Any other has one round.
///
/// # Errors
/// What the probe says, what [`rank`] refuses, and a layer that keeps no block.
pub fn measure(
    rule: &'static str,
    saliency: &Saliency,
    layers: &[Layer],
    probe: &mut dyn Probe,
    target: u64,
    least: &[u64],
    rounds: u32,
    block: Block,
) -> Result<Kept, SparsityError> {
    let reason = |reason| SparsityError::Probe { rule, reason };
    let full = |layer: &Layer| {
        Pattern::full(layer.shape, block.fit(layer.shape))
            .map_err(|source| SparsityError::Layer { layer: layer.name.clone(), source })
    };
    let all: u64 = layers.iter().map(Layer::weights).sum();
    memory::check_large(all.saturating_mul(WEIGHT_BYTES), "the scores of all weights")?;
    let weights = probe.weights().map_err(reason)?;
    let mut kept: Vec<Pattern> = layers.iter().map(full).collect::<Result<_, _>>()?;
    let rounds = if saliency.iterative { rounds.max(1) } else { 1 };
    for round in 1..=rounds {
        let measured = match saliency.need {
            Need::Magnitude => weights.clone(),
            need => probe.measure(need, &kept).map_err(reason)?,
        };
        let scores = score(saliency, layers, &weights, measured)?;
        let share = (target as f64 / all as f64).powf(f64::from(round) / f64::from(rounds));
        let goal = if round == rounds { target } else { ((share * all as f64).round() as u64).max(target) };
        let best = rank(rule, layers, &scores, Some(&kept), goal, least, block)?.fill_every(rule, layers)?;
        if round == rounds {
            return Ok(best);
        }
        for ((pattern, positions), layer) in kept.iter_mut().zip(&best.positions).zip(layers) {
            *pattern = Pattern::from_positions(layer.shape, block.fit(layer.shape), positions)
                .map_err(|source| SparsityError::Layer { layer: layer.name.clone(), source })?;
        }
    }
    // There is at least one round.
    Err(SparsityError::NoLayers)
}

/// Turns what was measured into scores.
fn score(
    saliency: &Saliency,
    layers: &[Layer],
    weights: &[Vec<f64>],
    mut measured: Vec<Vec<f64>>,
) -> Result<Vec<Vec<f64>>, SparsityError> {
    for (what, list) in [("list of weights", weights), ("list of measured numbers", &measured)] {
        if list.len() != layers.len() {
            return Err(SparsityError::Length { what, expected: layers.len(), found: list.len() });
        }
    }
    for ((layer, weights), measured) in layers.iter().zip(weights).zip(&mut measured) {
        for (what, found) in [("weight", weights.len()), ("measured number", measured.len())] {
            let expected = layer.shape.len();
            if found != expected {
                return Err(SparsityError::Column { layer: layer.name.clone(), what, expected, found });
            }
        }
        for (measured, &weight) in measured.iter_mut().zip(weights) {
            *measured = (saliency.score)(weight, *measured);
        }
    }
    Ok(measured)
}
