//! Patterns that change while a network trains.

use super::{Session, SessionError};
use crate::params::{LayerEdit, StoreEdit};
use rarefy_core::Pattern;

/// Scratch and limits of edits.
#[derive(Debug, Default)]
pub(super) struct Editing {
    store: StoreEdit,
    /// One number per dense position of the layer at hand.
    index: Vec<u32>,
    /// Weights of each layer after the edit at hand.
    counts: Vec<usize>,
    /// What [`Session::reserve`] was asked for.
    limits: Option<(Vec<usize>, usize)>,
}

impl Session {
    /// Drops and grows blocks of some layers (strictly ascending) and compiles those layers anew, in place.
    ///
    /// Value, gradient and optimizer state move with the pattern: survivors keep theirs bit for bit, grown blocks start at
    /// zero. On error nothing changed. Allocates nothing within the limits of [`Session::reserve`].
    pub fn edit(&mut self, edits: &[LayerEdit<'_>]) -> Result<(), SessionError> {
        let Self {
            store,
            plan,
            weights,
            workspace,
            editing: Editing { store: scratch, index, counts, .. },
            ..
        } = self;
        // Room first: from then on memory cannot be what fails.
        counts.clear();
        counts.extend(store.patterns().iter().map(Pattern::nnz));
        for edit in edits {
            let Some((count, pattern)) = counts.get_mut(edit.layer).zip(store.patterns().get(edit.layer))
            else {
                continue;
            };
            let (grown, dropped) = (edit.grow.len(), edit.drop.len());
            *count = (*count + grown * pattern.block().len()).saturating_sub(dropped * pattern.block().len());
        }
        store.reserve(counts, counts.iter().sum(), scratch)?;
        plan.reserve(workspace, weights, store, counts, index)?;
        store.edit(edits, scratch)?;
        plan.recompile(workspace, weights, store, edits.iter().map(|edit| edit.layer), index)?;
        self.attack = None;
        Ok(())
    }

    /// Makes room for edits up to `weights[layer]` existing weights in each prunable layer and `total` in all: the
    /// largest that a schedule will ask for. What exists now always has room, and more than a layer has is cut off.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn reserve(&mut self, weights: Vec<usize>, total: usize) -> Result<(), SessionError> {
        self.editing.limits = Some((weights, total));
        self.reserve_again()
    }

    pub(super) fn reserve_again(&mut self) -> Result<(), SessionError> {
        let Self { store, plan, weights: packed, workspace, editing, sums, options, graph, .. } = self;
        if let Some((weights, total)) = &editing.limits {
            store.reserve(weights, *total, &mut editing.store)?;
            plan.reserve(workspace, packed, store, weights, &mut editing.index)?;
            sums.reserve(store, options.max_batch, graph.classes())?;
            editing.counts.reserve(weights.len());
        }
        Ok(())
    }
}
