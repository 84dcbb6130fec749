//! Changes of a pattern, and how columns follow them.

use super::{PATTERN, Pattern, build::first_disorder};
use crate::memory::{self, OutOfMemory};

/// Marks a block that did not exist before an edit (see [`PatternEdit::sources`]).
pub const GROWN: u32 = u32::MAX;

/// Reusable buffers of an edit: after [`Pattern::edit`] they hold where each block came from.
///
/// Keep one per network and reserve the largest layer once: an edit then allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct PatternEdit {
    sources: Vec<u32>,
    taps: Vec<u32>,
    row_starts: Vec<u32>,
}

/// Why an edit was refused; the pattern is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A list is not strictly ascending or leaves the layer.
    #[error("the {list} list must be strictly ascending block positions below {limit}, found {found}")]
    Order {
        /// `drop` or `grow`.
        list: &'static str,
        /// Exclusive upper bound.
        limit: u32,
        /// The offending position.
        found: u32,
    },
    /// A block to drop does not exist.
    #[error("cannot drop the block at position {position}: it does not exist")]
    Absent {
        /// Block position.
        position: u32,
    },
    /// A block to grow exists already and is not dropped by the same edit.
    #[error("cannot grow the block at position {position}: it exists already")]
    Present {
        /// Block position.
        position: u32,
    },
}

impl PatternEdit {
    /// Buffers for layers of up to `blocks` existing blocks and `row_blocks` rows.
    pub fn with_capacity(blocks: usize, row_blocks: usize) -> Self {
        Self {
            sources: Vec::with_capacity(blocks),
            taps: Vec::with_capacity(blocks),
            row_starts: Vec::with_capacity(row_blocks + 1),
        }
    }

    /// Makes room for layers of up to `blocks` existing blocks and `row_blocks` rows.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn reserve(&mut self, blocks: usize, row_blocks: usize) -> Result<(), OutOfMemory> {
        memory::reserve(&mut self.sources, blocks, PATTERN)?;
        memory::reserve(&mut self.taps, blocks, PATTERN)?;
        memory::reserve(&mut self.row_starts, row_blocks + 1, PATTERN)
    }

    /// For each block after the edit its index before it, or [`GROWN`].
    pub fn sources(&self) -> &[u32] {
        &self.sources
    }
}

impl Pattern {
    /// Removes the blocks at positions `drop` and adds those at `grow` (both strictly ascending block positions).
    ///
    /// A position in both lists is removed and grown anew: its column values start at zero. On error nothing changed
    /// and `edit` has no sources.
    pub fn edit(&mut self, drop: &[u32], grow: &[u32], edit: &mut PatternEdit) -> Result<(), EditError> {
        let merged = self.merge(drop, grow, edit);
        if merged.is_err() {
            edit.clear();
            return merged;
        }
        self.taps.clear();
        self.taps.extend_from_slice(&edit.taps);
        self.row_starts.copy_from_slice(&edit.row_starts);
        Ok(())
    }

    /// Whether [`Pattern::edit`] would accept these lists; the pattern stays as it is, `edit` serves as scratch.
    pub fn check_edit(&self, drop: &[u32], grow: &[u32], edit: &mut PatternEdit) -> Result<(), EditError> {
        let merged = self.merge(drop, grow, edit);
        edit.clear();
        merged
    }

    /// Writes the edited structure into `edit`: one walk over the existing blocks and both lists.
    fn merge(&self, drop: &[u32], grow: &[u32], edit: &mut PatternEdit) -> Result<(), EditError> {
        let limit = self.positions() as u32;
        for (list, positions) in [("drop", drop), ("grow", grow)] {
            if let Some(found) = first_disorder(positions, limit) {
                return Err(EditError::Order { list, limit, found });
            }
        }
        let per_row = self.taps_per_row();
        edit.clear();
        edit.row_starts.push(0);
        let (mut dropped, mut grown) = (drop.iter().copied().peekable(), grow.iter().copied().peekable());
        for row in 0..self.row_blocks() {
            let base = row as u32 * per_row;
            let start = self.row_starts[row];
            for (index, &tap) in (start..).zip(self.row(row)) {
                let position = base + tap;
                while let Some(position) = grown.next_if(|&grown| grown < position) {
                    edit.push(position - base, GROWN);
                }
                if let Some(&absent) = dropped.peek().filter(|&&dropped| dropped < position) {
                    return Err(EditError::Absent { position: absent });
                }
                let drops = dropped.next_if_eq(&position).is_some();
                let grows = grown.next_if_eq(&position).is_some();
                match (drops, grows) {
                    (false, false) => edit.push(tap, index),
                    (true, false) => {}
                    (true, true) => edit.push(tap, GROWN),
                    (false, true) => return Err(EditError::Present { position }),
                }
            }
            while let Some(position) = grown.next_if(|&grown| grown < base + per_row) {
                edit.push(position - base, GROWN);
            }
            edit.row_starts.push(edit.taps.len() as u32);
        }
        match dropped.next() {
            Some(position) => Err(EditError::Absent { position }),
            None => Ok(()),
        }
    }

    /// Makes room for `blocks` existing blocks, so that edits up to that size allocate nothing.
    ///
    /// # Errors
    /// Memory that cannot be had; the pattern is as it was.
    pub fn reserve(&mut self, blocks: usize) -> Result<(), OutOfMemory> {
        memory::reserve(&mut self.taps, blocks, PATTERN)
    }
}

impl PatternEdit {
    fn clear(&mut self) {
        self.sources.clear();
        self.taps.clear();
        self.row_starts.clear();
    }

    fn push(&mut self, tap: u32, source: u32) {
        self.taps.push(tap);
        self.sources.push(source);
    }
}

/// Carries one column over an edit: `new` block `i` is `old` block `sources[i]`, or zeros where it is [`GROWN`].
///
/// `block_len` is the number of weights of a block. Values are copied bit for bit.
///
/// # Panics
/// If `block_len` is 0, `new` does not hold exactly `sources.len() * block_len` values, or a source lies outside `old`.
pub fn move_column(old: &[f32], new: &mut [f32], sources: &[u32], block_len: usize) {
    assert_eq!(new.len(), sources.len() * block_len, "a column must hold every block of the edited pattern");
    for (new, &source) in new.chunks_exact_mut(block_len).zip(sources) {
        match source {
            GROWN => new.fill(0.0),
            source => new.copy_from_slice(&old[source as usize * block_len..][..block_len]),
        }
    }
}
