//! Which positions have ever had a weight.

use rarefy_core::Pattern;

/// The union of all patterns a layer has had, the first one included: its share of the layer is the in-time
/// over-parameterization rate `R_s`.
///
/// Source: Liu et al., *Do We Actually Need Dense Over-Parameterization?*, ICML 2021 (ITOP).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    words: Vec<u64>,
    positions: usize,
    count: usize,
}

impl Fired {
    /// The positions of a layer's first pattern.
    pub fn new(pattern: &Pattern) -> Self {
        let positions = pattern.positions();
        let mut fired = Self { words: vec![0; positions.div_ceil(64)], positions, count: 0 };
        fired.record(pattern.iter_positions());
        fired
    }

    /// From [`Fired::words`], as a checkpoint keeps them; `None` if they are not those of a layer of `positions` block
    /// positions.
    pub fn from_words(words: Vec<u64>, positions: usize) -> Option<Self> {
        let spare = (words.len() * 64).checked_sub(positions)?;
        let past = |word: &u64| spare > 0 && spare < 64 && word.leading_zeros() < spare as u32;
        if words.len() != positions.div_ceil(64) || words.last().is_some_and(past) {
            return None;
        }
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        Some(Self { words, positions, count })
    }

    /// Adds positions; those outside the layer do not count.
    pub fn record(&mut self, grown: impl IntoIterator<Item = u32>) {
        for position in grown {
            if position as usize >= self.positions {
                continue;
            }
            let (word, bit) = (&mut self.words[position as usize / 64], 1 << (position % 64));
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether a block has ever been there.
    pub fn contains(&self, position: u32) -> bool {
        self.words.get(position as usize / 64).is_some_and(|word| word >> (position % 64) & 1 == 1)
    }

    /// Number of positions that have ever had a block.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Number of positions of the layer.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// One bit per position, lowest bit first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}
