//! Changes of the patterns of a whole network, and how every column follows them.

use super::store::{PARAMETERS, ParamStore, View};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_core::{EditError, Pattern, PatternEdit, move_column};
use std::ops::Range;

/// Blocks that one layer loses and gains: strictly ascending block positions, as [`Pattern::edit`] takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerEdit<'a> {
    /// Index into [`ParamStore::patterns`].
    pub layer: usize,
    /// Blocks to remove.
    pub drop: &'a [u32],
    /// Blocks to add; their numbers start at zero in every column. One that is dropped too starts anew.
    pub grow: &'a [u32],
}

/// Why an edit of a network was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreEditError {
    /// Layers are not in strictly ascending order, or there is no such layer.
    #[error("edited layers must be strictly ascending and below {layers}, found {found}")]
    Layer {
        /// Prunable layers of the network.
        layers: usize,
        /// The offending index.
        found: usize,
    },
    /// A layer's lists do not fit its pattern.
    #[error("layer `{name}`: {source}")]
    Pattern {
        /// Parameter name.
        name: String,
        /// What is wrong with the lists.
        source: EditError,
    },
}

/// Reusable buffers of [`ParamStore::edit`]; after [`ParamStore::reserve`] an edit allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct StoreEdit {
    pattern: PatternEdit,
    /// Sources of the blocks of all edited layers.
    sources: Vec<u32>,
    /// One per view.
    moves: Vec<Move>,
    /// The column being rewritten.
    spare: Vec<f32>,
}

/// Where a view was, and the sources of its blocks if its layer is edited.
#[derive(Clone, Debug)]
struct Move {
    old: Range<usize>,
    sources: Option<Range<usize>>,
}

impl ParamStore {
    /// Makes room for layers of up to `weights[layer]` existing weights, and for `total` in all (more than a layer or the
    /// network has is cut off), so that edits within these limits allocate nothing.
    ///
    /// # Errors
    /// Memory that cannot be had; the network is as it was.
    pub fn reserve(
        &mut self,
        weights: &[usize],
        total: usize,
        edit: &mut StoreEdit,
    ) -> Result<(), OutOfMemory> {
        let (mut sum, mut largest, mut rows) = (0, 0, 0);
        for (pattern, &weights) in self.patterns.iter_mut().zip(weights) {
            let weights = weights.clamp(pattern.nnz(), pattern.shape().len());
            let blocks = weights / pattern.block().len();
            pattern.reserve(blocks)?;
            sum += weights;
            (largest, rows) = (largest.max(blocks), rows.max(pattern.row_blocks()));
        }
        edit.pattern.reserve(largest, rows)?;
        let nnz = self.nnz() as usize;
        let total = total.clamp(nnz, sum.max(nnz));
        let len = self.len() - nnz + total;
        for column in self.columns.iter_mut().chain([&mut edit.spare]) {
            memory::reserve(column, len, PARAMETERS)?;
        }
        memory::reserve(&mut edit.sources, total, PARAMETERS)?;
        memory::reserve(&mut edit.moves, self.views.len(), PARAMETERS)
    }

    /// Drops and grows blocks of some layers (strictly ascending): every column moves with its pattern, survivors keep
    /// their numbers bit for bit, grown blocks start at zero. On error nothing changed.
    pub fn edit(&mut self, edits: &[LayerEdit<'_>], scratch: &mut StoreEdit) -> Result<(), StoreEditError> {
        let layers = self.patterns.len();
        let mut least = 0;
        for edit in edits {
            if edit.layer < least || edit.layer >= layers {
                return Err(StoreEditError::Layer { layers, found: edit.layer });
            }
            least = edit.layer + 1;
            self.patterns[edit.layer]
                .check_edit(edit.drop, edit.grow, &mut scratch.pattern)
                .map_err(|source| self.refused(edit.layer, source))?;
        }
        let StoreEdit { pattern: moved, sources, moves, spare } = scratch;
        sources.clear();
        moves.clear();
        let (mut edits, mut end) = (edits.iter().peekable(), 0);
        for View { range, pattern, .. } in &mut self.views {
            let edit = edits.next_if(|edit| Some(edit.layer) == *pattern);
            let (mut len, mut from) = (range.len(), None);
            if let Some(edit) = edit {
                let pattern: &mut Pattern = &mut self.patterns[edit.layer];
                // Accepted above, and by the same walk.
                if pattern.edit(edit.drop, edit.grow, moved).is_ok() {
                    from = Some(sources.len()..sources.len() + moved.sources().len());
                    sources.extend_from_slice(moved.sources());
                    len = pattern.nnz();
                }
            }
            moves.push(Move { old: range.clone(), sources: from });
            *range = end..end + len;
            end += len;
        }
        for column in &mut self.columns {
            spare.clear();
            spare.resize(end, 0.0);
            for (view, from) in self.views.iter().zip(&*moves) {
                let (new, old) = (&mut spare[view.range.clone()], &column[from.old.clone()]);
                match (&from.sources, view.pattern) {
                    (Some(range), Some(pattern)) => {
                        move_column(old, new, &sources[range.clone()], self.patterns[pattern].block().len());
                    }
                    _ => new.copy_from_slice(old),
                }
            }
            std::mem::swap(column, spare);
        }
        Ok(())
    }

    fn refused(&self, layer: usize, source: EditError) -> StoreEditError {
        let view = self.views.iter().find(|view| view.pattern == Some(layer));
        StoreEditError::Pattern { name: view.map_or_else(String::new, |v| v.parameter.name.clone()), source }
    }
}
