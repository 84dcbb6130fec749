//! Patterns that change while a network trains.

use super::{Session, SessionError};
use crate::params::{LayerEdit, StoreEdit};

/// Scratch and limits of edits.
#[derive(Debug, Default)]
pub(super) struct Editing {
    store: StoreEdit,
    /// One number per dense position of the layer at hand.
    index: Vec<u32>,
    /// What [`Session::reserve`] was asked for.
    limits: Option<(Vec<usize>, usize)>,
}

impl Session {
    /// Drops and grows blocks of some layers (strictly ascending) and compiles those layers anew, in place.
    ///
    /// Value, gradient and optimizer state move with the pattern: survivors keep theirs bit for bit, grown blocks start at
    /// zero. On error nothing changed. Allocates nothing within the limits of [`Session::reserve`].
    pub fn edit(&mut self, edits: &[LayerEdit<'_>]) -> Result<(), SessionError> {
        let Self { store, plan, weights, workspace, editing, .. } = self;
        store.edit(edits, &mut editing.store)?;
        plan.recompile(workspace, weights, store, edits.iter().map(|edit| edit.layer), &mut editing.index);
        self.attack = None;
        Ok(())
    }

    /// Makes room for edits up to `weights[layer]` existing weights in each prunable layer and `total` in all: the
    /// largest that a schedule will ask for. What exists now always has room, and more than a layer has is cut off.
    pub fn reserve(&mut self, weights: Vec<usize>, total: usize) {
        self.editing.limits = Some((weights, total));
        self.reserve_again();
    }

    pub(super) fn reserve_again(&mut self) {
        let Self { store, plan, weights: packed, workspace, editing, sums, options, graph, .. } = self;
        if let Some((weights, total)) = &editing.limits {
            store.reserve(weights, *total, &mut editing.store);
            plan.reserve(workspace, packed, store, weights, &mut editing.index);
            sums.reserve(store, options.max_batch, graph.classes());
        }
    }
}
