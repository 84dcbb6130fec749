//! From scores to the positions that go.

use super::{Rule, Selection, Settings, Weight};
use crate::active::{Part, keep_lowest, ordered, stream};
use crate::{Network, Positions, Scratch, SparsityError};

/// Among which weights the lowest scores are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Each layer for itself.
    #[default]
    Layer,
    /// All layers together; the last block of a layer (that of the highest score, ties to the higher position) stays.
    Global,
}

impl Scope {
    /// Every scope with its name.
    pub const ALL: &[(&str, Self)] = &[("layer", Self::Layer), ("global", Self::Global)];
}

/// Fills `out` with the block positions that go, a list per layer.
///
/// `asked` are blocks per layer; with [`Scope::Global`] their sum matters alone. How many go is up to the rule
/// ([`Selection`]), but never fewer than `least` says, in the same way. `seed` and `update` decide what is random.
///
/// # Errors
/// A column of a wrong length, a score that is NaN; `out` is then of no use.
pub fn choose(
    rule: &dyn Rule,
    scope: Scope,
    network: &(impl Network + ?Sized),
    asked: &[u64],
    least: &[u64],
    settings: &Settings,
    (seed, update): (u64, u64),
    scratch: &mut Scratch,
    out: &mut Positions,
) -> Result<(), SparsityError> {
    let layers = network.layers();
    for list in [asked, least] {
        if list.len() != layers {
            return Err(SparsityError::Length { what: "count", expected: layers, found: list.len() });
        }
    }
    out.clear();
    let selection = rule.selection();
    let each = |index, scores: &mut Vec<f64>| score(rule, network, index, settings, (seed, update), scores);
    match scope {
        Scope::Layer => {
            for index in 0..layers {
                scratch.scores.clear();
                each(index, &mut scratch.scores)?;
                select(selection, asked[index], least[index], None::<std::iter::Empty<usize>>, scratch);
                push(network, index..index + 1, &scratch.order, out);
            }
        }
        Scope::Global => {
            scratch.scores.clear();
            for index in 0..layers {
                each(index, &mut scratch.scores)?;
            }
            let (asked, least) = (asked.iter().sum(), least.iter().sum());
            select(selection, asked, least, Some(network_blocks(network)), scratch);
            push(network, 0..layers, &scratch.order, out);
        }
    }
    Ok(())
}

/// Blocks of each layer, one after the other.
fn network_blocks<'a>(network: &'a (impl Network + ?Sized)) -> impl Iterator<Item = usize> + Clone + 'a {
    (0..network.layers()).map(|index| network.layer(index).pattern.blocks())
}

/// Adds the mean score of each block of a layer to `scores`.
fn score(
    rule: &dyn Rule,
    network: &(impl Network + ?Sized),
    index: usize,
    settings: &Settings,
    (seed, update): (u64, u64),
    scores: &mut Vec<f64>,
) -> Result<(), SparsityError> {
    let (layer, columns) = (network.layer(index), rule.columns());
    let mut random = stream(seed, update, index, Part::Drop);
    columns.check(&layer)?;
    let of = |asked: bool, column: &[f32], at: usize| if asked { f64::from(column[at]) } else { 0.0 };
    let unit = layer.pattern.block().len();
    for block in 0..layer.pattern.blocks() {
        let random = random.uniform();
        let mut sum = 0.0;
        for at in block * unit..(block + 1) * unit {
            let weight = Weight {
                value: f64::from(layer.values[at]),
                gradient: of(columns.gradient, layer.gradient, at),
                momentum: of(columns.momentum, layer.momentum, at),
                sign: of(columns.signs, layer.signs, at),
                random,
            };
            sum += rule.score(&weight, settings);
        }
        scores.push(ordered(sum / unit as f64, rule.name(), layer.name, block * unit)?);
    }
    Ok(())
}

/// Leaves in `scratch.order` the indices that go, ascending. With `layers` (their blocks) the last block of each stays.
fn select(
    selection: Selection,
    asked: u64,
    least: u64,
    layers: Option<impl Iterator<Item = usize> + Clone>,
    scratch: &mut Scratch,
) {
    let Scratch { scores, order, other } = scratch;
    let score = |index: u32| scores[index as usize];
    order.clear();
    order.extend(0..scores.len() as u32);
    if let Some(layers) = layers.clone() {
        protect(layers, scores, order);
    }
    let count = asked.max(least) as usize;
    match selection {
        Selection::Lowest => keep_lowest(order, count, score),
        Selection::Negative => {
            let below = order.iter().filter(|&&index| score(index) < 0.0).count();
            keep_lowest(order, below.max(least as usize), score);
        }
        Selection::NearestZeroOfEachSign => {
            other.clear();
            other.extend(order.iter().copied().filter(|&index| score(index) < 0.0));
            keep_lowest(other, count.div_ceil(2), |index| -score(index));
            order.retain(|&index| score(index) > 0.0);
            keep_lowest(order, count.div_ceil(2), score);
            order.extend_from_slice(other);
            order.sort_unstable();
        }
    }
    let missing = (least as usize).saturating_sub(order.len());
    if missing > 0 {
        // Too few of one sign, or zeros: the nearest to zero among the rest.
        other.clear();
        other.extend(0..scores.len() as u32);
        if let Some(layers) = layers {
            protect(layers, scores, other);
        }
        other.retain(|index| order.binary_search(index).is_err());
        keep_lowest(other, missing, |index| score(index).abs());
        order.extend_from_slice(other);
        order.sort_unstable();
    }
}

/// Takes the block of the highest score of each layer from the candidates, ties to the higher position.
fn protect(mut layers: impl Iterator<Item = usize>, scores: &[f64], candidates: &mut Vec<u32>) {
    let (mut end, mut best) = (0, None);
    candidates.retain(|&index| {
        while index as usize >= end {
            let Some(blocks) = layers.next() else { break };
            best = (end..end + blocks).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            end += blocks;
        }
        best != Some(index as usize)
    });
}

/// Adds to `out` the positions that go in `layers`, a list a layer; `chosen` are their blocks, counted from the first one of all
/// these layers, ascending.
fn push(
    network: &(impl Network + ?Sized),
    layers: std::ops::Range<usize>,
    chosen: &[u32],
    out: &mut Positions,
) {
    let mut chosen = chosen.iter().copied().peekable();
    let mut first = 0;
    for index in layers {
        let pattern = network.layer(index).pattern;
        let positions = (first..).zip(pattern.iter_positions());
        out.push(positions.filter_map(|(block, position)| chosen.next_if_eq(&block).map(|_| position)));
        first += pattern.blocks() as u32;
    }
}
