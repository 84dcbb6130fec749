//! What the rules of dynamic training see of a layer, and memory they share.

use crate::SparsityError;
use rarefy_core::Pattern;
use rarefy_core::random::{Purpose, Stream};

/// The existing weights of one layer: its pattern and columns in the pattern's canonical order.
///
/// Columns that no rule of the method asks for (see [`Columns`]) may be empty.
#[derive(Clone, Copy, Debug)]
pub struct Active<'a> {
    /// Parameter name, for messages.
    pub name: &'a str,
    /// Which weights exist.
    pub pattern: &'a Pattern,
    /// Values of the weights.
    pub values: &'a [f32],
    /// Gradient of the loss without weight decay, of the previous step.
    pub gradient: &'a [f32],
    /// The optimizer's momentum.
    pub momentum: &'a [f32],
    /// The sign each weight was born with: 1, -1, or 0 for none yet.
    pub signs: &'a [f32],
}

/// The layers of a network as dynamic training sees them. A trait, so that no list has to be made for an update.
pub trait Network {
    /// Number of prunable layers.
    fn layers(&self) -> usize;

    /// One of them; only called with an index below [`Network::layers`].
    fn layer(&self, index: usize) -> Active<'_>;
}

impl Network for [Active<'_>] {
    fn layers(&self) -> usize {
        self.len()
    }

    fn layer(&self, index: usize) -> Active<'_> {
        self[index]
    }
}

/// Which columns a rule reads besides the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// [`Active::gradient`].
    pub gradient: bool,
    /// [`Active::momentum`].
    pub momentum: bool,
    /// [`Active::signs`]: a column of its own, which the trainer keeps.
    pub signs: bool,
}

impl Columns {
    /// The values alone.
    pub const VALUES: Self = Self { gradient: false, momentum: false, signs: false };

    /// What either of two rules reads.
    pub const fn union(self, other: Self) -> Self {
        Self {
            gradient: self.gradient || other.gradient,
            momentum: self.momentum || other.momentum,
            signs: self.signs || other.signs,
        }
    }

    /// Checks that the columns asked for are as long as the pattern has weights.
    pub(crate) fn check(self, layer: &Active<'_>) -> Result<(), SparsityError> {
        let expected = layer.pattern.nnz();
        for (asked, what, column) in [
            (true, "value", layer.values),
            (self.gradient, "gradient", layer.gradient),
            (self.momentum, "momentum", layer.momentum),
            (self.signs, "sign", layer.signs),
        ] {
            if asked && column.len() != expected {
                let (layer, found) = (layer.name.to_owned(), column.len());
                return Err(SparsityError::Column { layer, what, expected, found });
            }
        }
        Ok(())
    }
}

/// Reusable memory of rules: one a network is enough. It grows to the largest layer (with a global drop: to all existing
/// blocks) and then stays, so that later updates allocate nothing.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// One score a block.
    pub(crate) scores: Vec<f64>,
    /// Candidates on their way to a choice.
    pub(crate) order: Vec<u32>,
    /// A second list of candidates.
    pub(crate) other: Vec<u32>,
}

impl Scratch {
    /// Positions that may grow, ascending; a [`crate::grow::Rule`] leaves its choice there.
    pub fn candidates(&mut self) -> &mut Vec<u32> {
        &mut self.order
    }

    /// Blocks that were scored last.
    pub(crate) fn blocks(&self) -> usize {
        self.scores.len()
    }

    /// Room for layers of up to `blocks` candidates.
    pub fn with_capacity(blocks: usize) -> Self {
        Self {
            scores: Vec::with_capacity(blocks),
            order: Vec::with_capacity(blocks),
            other: Vec::with_capacity(blocks),
        }
    }
}

/// Keeps of the candidates the `count` of lowest `key`, ties to the lower candidate; they end up ascending by candidate.
pub(crate) fn keep_lowest(candidates: &mut Vec<u32>, count: usize, key: impl Fn(u32) -> f64) {
    if count < candidates.len() {
        if count > 0 {
            candidates.select_nth_unstable_by(count - 1, |&a, &b| key(a).total_cmp(&key(b)).then(a.cmp(&b)));
        }
        candidates.truncate(count);
    }
    candidates.sort_unstable();
}

/// A list of ascending block positions per layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    flat: Vec<u32>,
    ends: Vec<usize>,
}

impl Positions {
    /// Room for `layers` layers with `blocks` positions in all.
    pub fn with_capacity(layers: usize, blocks: usize) -> Self {
        Self { flat: Vec::with_capacity(blocks), ends: Vec::with_capacity(layers) }
    }

    /// Positions of a layer; none for a layer that was not pushed.
    pub fn layer(&self, index: usize) -> &[u32] {
        let start = if index == 0 { Some(0) } else { self.ends.get(index - 1).copied() };
        match (start, self.ends.get(index)) {
            (Some(start), Some(&end)) => &self.flat[start..end],
            _ => &[],
        }
    }

    /// Layers pushed.
    pub fn layers(&self) -> usize {
        self.ends.len()
    }

    /// Positions of all layers.
    pub fn total(&self) -> usize {
        self.flat.len()
    }

    /// Forgets all layers; the memory stays.
    pub fn clear(&mut self) {
        self.flat.clear();
        self.ends.clear();
    }

    /// Adds the next layer's positions, which must be strictly ascending.
    pub fn push(&mut self, positions: impl IntoIterator<Item = u32>) {
        self.flat.extend(positions);
        self.ends.push(self.flat.len());
    }
}

/// What a random choice of an update is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Drop = 0,
    Grow = 1,
}

/// The random words of one choice: a function of (seed, update, layer, what it is for) alone.
pub(crate) fn stream(seed: u64, update: u64, layer: usize, part: Part) -> Stream {
    let index = (update << 20) + ((layer as u64) << 1) + part as u64;
    Stream::new(seed, Purpose::Topology, index)
}

/// A score that may be ordered: not NaN, and one zero only.
pub(crate) fn ordered(score: f64, rule: &'static str, layer: &str, at: usize) -> Result<f64, SparsityError> {
    if score.is_nan() {
        return Err(SparsityError::NotANumber { rule, layer: layer.to_owned(), at });
    }
    Ok(score + 0.0)
}
