//! Magnitude pruning of a trained network.

use crate::error::TrainError;
use crate::recipe::{PruneScope, RecipeError};
use rarefy_core::{Density, Pattern, memory};
use rarefy_nn::params::{Column, LayerEdit, ParamStore, StoreEdit};

/// An existing block: mean magnitude of its weights, layer, position, weights.
struct Candidate {
    score: f64,
    layer: usize,
    position: u32,
    weights: u64,
}

/// Bytes of a block while the smallest are looked for: as a candidate of its layer and of all, half of them
/// once more while they are sorted, and its place in the lists of what stays and goes.
const BLOCK_BYTES: u64 = (2 * 2 + 1) * size_of::<Candidate>() as u64 / 2 + 3 * 4;

/// Removes the weights of least magnitude until `density` of all prunable weights is left (Han et al. 2015, *Learning both
/// Weights and Connections*); blocks go by the mean magnitude of their weights.
///
/// With [`PruneScope::Global`] all weights compete and `round(density * weights)` stay exactly (of blocks as many as fit); with
/// [`PruneScope::Layer`] each layer keeps `round(density * its weights)`. A layer keeps its largest block in any case. Ties go to the
/// lower layer and position. Survivors keep their values bit for bit; optimizer state becomes zero.
///
/// # Errors
/// A density that is not below the network's own, memory that cannot be had; the network is as it was.
pub fn prune(store: &mut ParamStore, density: Density, scope: PruneScope) -> Result<(), TrainError> {
    let weights: Vec<u64> = store.patterns().iter().map(|pattern| pattern.shape().len() as u64).collect();
    let all: u64 = weights.iter().sum();
    if density.budget(all) >= store.nnz() {
        let own = store.nnz() as f64 / all.max(1) as f64;
        return Err(RecipeError::Value {
            key: "density",
            expected: "below the density of the network",
            found: format!("{density} of a network of density {own:.6}"),
        }
        .into());
    }
    let blocks: usize = store.patterns().iter().map(Pattern::blocks).sum();
    memory::check_large(BLOCK_BYTES.saturating_mul(blocks as u64), "the candidates of pruning")?;
    let layers: Vec<Vec<Candidate>> = candidates(store);
    let keep = match scope {
        PruneScope::Layer => layers
            .iter()
            .zip(&weights)
            .map(|(layer, &weights)| fill(layer, density.budget(weights)))
            .collect(),
        PruneScope::Global => global(layers, density.budget(all)),
    };
    edit(store, &keep)?;
    for column in [Column::Momentum, Column::SecondMoment, Column::Gradient] {
        store.column_mut(column).fill(0.0);
    }
    Ok(())
}

/// Existing blocks of each layer, largest first.
fn candidates(store: &ParamStore) -> Vec<Vec<Candidate>> {
    let mut layers = Vec::new();
    for (view, of) in store.views().iter().enumerate() {
        let Some(layer) = of.pattern else { continue };
        let pattern: &Pattern = &store.patterns()[layer];
        let len = pattern.block().len();
        let blocks = store.slice(view, Column::Value).chunks_exact(len);
        let mut candidates: Vec<Candidate> = pattern
            .iter_positions()
            .zip(blocks)
            .map(|(position, block)| {
                let sum: f64 = block.iter().map(|value| f64::from(value.abs())).sum();
                Candidate { score: sum / len as f64, layer, position, weights: len as u64 }
            })
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.position.cmp(&b.position)));
        layers.push(candidates);
    }
    layers
}

/// Positions of the first candidates that fit a budget, at least one.
fn fill(candidates: &[Candidate], budget: u64) -> Vec<u32> {
    let mut left = budget;
    let mut keep: Vec<u32> = Vec::new();
    for candidate in candidates {
        if candidate.weights > left && !keep.is_empty() {
            break;
        }
        left = left.saturating_sub(candidate.weights);
        keep.push(candidate.position);
    }
    keep
}

/// The largest block of each layer, then the largest of all that fit.
fn global(layers: Vec<Vec<Candidate>>, budget: u64) -> Vec<Vec<u32>> {
    let mut keep = vec![Vec::new(); layers.len()];
    let mut left = budget;
    let mut rest = Vec::new();
    for (layer, candidates) in layers.into_iter().enumerate() {
        for (rank, candidate) in candidates.into_iter().enumerate() {
            if rank == 0 {
                left = left.saturating_sub(candidate.weights);
                keep[layer].push(candidate.position);
            } else {
                rest.push(candidate);
            }
        }
    }
    rest.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(a.layer.cmp(&b.layer)).then(a.position.cmp(&b.position))
    });
    for candidate in rest {
        if candidate.weights <= left {
            left -= candidate.weights;
            keep[candidate.layer].push(candidate.position);
        }
    }
    keep
}

/// Drops every block that is not kept.
fn edit(store: &mut ParamStore, keep: &[Vec<u32>]) -> Result<(), TrainError> {
    let drops: Vec<Vec<u32>> = store
        .patterns()
        .iter()
        .zip(keep)
        .map(|(pattern, keep)| {
            let mut keep = keep.clone();
            keep.sort_unstable();
            pattern.iter_positions().filter(|position| keep.binary_search(position).is_err()).collect()
        })
        .collect();
    let edits: Vec<LayerEdit<'_>> =
        drops.iter().enumerate().map(|(layer, drop)| LayerEdit { layer, drop, grow: &[] }).collect();
    let mut scratch = StoreEdit::default();
    let counts: Vec<usize> = store.patterns().iter().map(Pattern::nnz).collect();
    store.reserve(&counts, counts.iter().sum(), &mut scratch)?;
    // Layers ascend and every dropped block exists.
    let fits = store.edit(&edits, &mut scratch);
    debug_assert!(fits.is_ok(), "{fits:?}");
    Ok(())
}
