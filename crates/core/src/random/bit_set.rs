//! A set of small integers, one bit each.

/// Which integers below a bound are in the set.
pub(super) struct BitSet {
    words: Vec<u64>,
    bound: u32,
}

impl BitSet {
    /// The empty set of integers below `bound`.
    pub(super) fn new(bound: u32) -> Self {
        Self { words: vec![0; bound.div_ceil(64) as usize], bound }
    }

    /// Adds `item` (below the bound); whether it is new.
    pub(super) fn insert(&mut self, item: u32) -> bool {
        let (word, bit) = (&mut self.words[item as usize / 64], 1 << (item % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// The integers that are in the set if `inside`, else those that are not, ascending; there are `count` of them.
    pub(super) fn list(&self, inside: bool, count: usize) -> Vec<u32> {
        let mut items = Vec::with_capacity(count);
        for (index, &word) in self.words.iter().enumerate() {
            let base = index as u32 * 64;
            let mut bits = if inside { word } else { !word };
            while bits != 0 {
                let item = base + bits.trailing_zeros();
                if item < self.bound {
                    items.push(item);
                }
                bits &= bits - 1;
            }
        }
        items
    }
}
