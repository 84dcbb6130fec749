//! The largest scores of a whole network.

use crate::active::{keep_lowest, ordered};
use crate::{Layer, SparsityError};
use rarefy_core::{Block, Pattern};

/// What [`rank`] kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Ascending block positions of each layer.
    pub positions: Vec<Vec<u32>>,
    /// Weights kept in all.
    pub weights: u64,
    /// Every block that could be kept, by layer, and its score.
    pub scores: Vec<Vec<(u32, f64)>>,
}

impl Kept {
    /// The `counts[l]` best blocks of each layer, ties to the lower position; ascending.
    pub fn best(&self, counts: &[u64]) -> Vec<Vec<u32>> {
        let best = |(scores, &count): (&Vec<(u32, f64)>, &u64)| {
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            keep_lowest(&mut order, count as usize, |at| -scores[at as usize].1);
            order.into_iter().map(|at| scores[at as usize].0).collect()
        };
        self.scores.iter().zip(counts).map(best).collect()
    }

    /// Itself, if every one of `layers` keeps a block.
    ///
    /// # Errors
    /// A layer that collapsed, which can only be one whose `least` was 0.
    pub fn fill_every(self, rule: &'static str, layers: &[Layer]) -> Result<Self, SparsityError> {
        match layers.iter().zip(&self.positions).find(|(_, positions)| positions.is_empty()) {
            Some((layer, _)) => Err(SparsityError::Collapse { rule, layer: layer.name.clone() }),
            None => Ok(self),
        }
    }
}

/// Keeps the blocks of largest score, taking up to `target` weights, ties to the lower layer and position. A layer may end up
/// empty: [`Kept::fill_every`] refuses that.
///
/// `scores` has one number per dense weight; the score of a block ([`Block::fit`] to the layer) is the mean over its weights,
/// so that blocks of different sizes compare. Before all others layer `l` keeps its `least[l]` best blocks (or all it has).
/// Where the next best block is larger than what is left, smaller ones after it are taken.
///
/// `within`: the blocks that may be kept, one pattern per layer; all if `None`.
///
/// # Errors
/// A list of a wrong length, a score that is NaN, no room for `least` within `target`.
pub fn rank(
    rule: &'static str,
    layers: &[Layer],
    scores: &[Vec<f64>],
    within: Option<&[Pattern]>,
    target: u64,
    least: &[u64],
    block: Block,
) -> Result<Kept, SparsityError> {
    check_length("list of scores", layers.len(), scores.len())?;
    check_length("least number", layers.len(), least.len())?;
    let mut candidates = Vec::new();
    let mut firsts = Vec::with_capacity(layers.len() + 1);
    for (index, (layer, scores)) in layers.iter().zip(scores).enumerate() {
        firsts.push(candidates.len());
        let alive = within.and_then(|within| within.get(index));
        for (position, score) in block_scores(rule, layer, scores, alive, block)? {
            candidates.push(Candidate { score, position });
        }
    }
    firsts.push(candidates.len());
    let units: Vec<u64> = layers.iter().map(|layer| block.fit(layer.shape).len() as u64).collect();

    let mut kept = vec![false; candidates.len()];
    let mut left = target;
    let mut order = Vec::new();
    for (index, range) in firsts.windows(2).enumerate() {
        order.clear();
        order.extend(range[0] as u32..range[1] as u32);
        keep_lowest(&mut order, usize::try_from(least[index]).unwrap_or(usize::MAX), |at| {
            -candidates[at as usize].score
        });
        let taken = order.len() as u64 * units[index];
        left = left.checked_sub(taken).ok_or_else(|| SparsityError::Least {
            rule,
            layer: layers[index].name.clone(),
            target,
        })?;
        order.iter().for_each(|&at| kept[at as usize] = true);
    }
    order.clear();
    order.extend((0..candidates.len() as u32).filter(|&at| !kept[at as usize]));
    let best_first = |a: &u32, b: &u32| {
        let score = |at: &u32| candidates[*at as usize].score;
        score(b).total_cmp(&score(a)).then(a.cmp(b))
    };
    let smallest = units.iter().copied().min().unwrap_or(1);
    if units.iter().all(|&unit| unit == smallest) {
        let count = ((left / smallest) as usize).min(order.len());
        if count > 0 && count < order.len() {
            order.select_nth_unstable_by(count - 1, best_first);
        }
        order.truncate(count);
    } else {
        order.sort_unstable_by(best_first);
    }
    for &at in &order {
        let unit = units[firsts.partition_point(|&first| first <= at as usize) - 1];
        if unit <= left {
            kept[at as usize] = true;
            left -= unit;
        }
    }
    let positions: Vec<Vec<u32>> = firsts
        .windows(2)
        .map(|range| {
            let inside = (range[0]..range[1]).filter(|&at| kept[at]);
            inside.map(|at| candidates[at].position).collect()
        })
        .collect();
    let scores = firsts.windows(2).map(|range| &candidates[range[0]..range[1]]);
    let scores = scores.map(|part| part.iter().map(|of| (of.position, of.score)).collect());
    Ok(Kept { positions, weights: target - left, scores: scores.collect() })
}

/// A block that may be kept.
struct Candidate {
    score: f64,
    position: u32,
}

/// Position and mean score of each block of a layer, ascending: of all, or of those `alive`.
fn block_scores(
    rule: &'static str,
    layer: &Layer,
    scores: &[f64],
    alive: Option<&Pattern>,
    block: Block,
) -> Result<Vec<(u32, f64)>, SparsityError> {
    let (expected, found) = (layer.shape.len(), scores.len());
    if expected != found {
        let layer = layer.name.clone();
        return Err(SparsityError::Column { layer, what: "score", expected, found });
    }
    let block = block.fit(layer.shape);
    let full;
    let pattern = match alive {
        Some(alive) => alive,
        None => {
            full = Pattern::full(layer.shape, block)
                .map_err(|source| SparsityError::Layer { layer: layer.name.clone(), source })?;
            &full
        }
    };
    let indices: Vec<usize> = pattern.iter_dense_indices().collect();
    let blocks = pattern.iter_positions().zip(indices.chunks_exact(pattern.block().len()));
    blocks
        .map(|(position, indices)| {
            let sum: f64 = indices.iter().map(|&index| scores[index]).sum();
            let score = ordered(sum / indices.len() as f64, rule, &layer.name, indices[0])?;
            Ok((position, score))
        })
        .collect()
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), SparsityError> {
    if expected == found { Ok(()) } else { Err(SparsityError::Length { what, expected, found }) }
}
