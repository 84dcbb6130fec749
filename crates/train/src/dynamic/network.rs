//! A parameter store as the rules of dynamic training see it.

use rarefy_nn::params::{Column, ParamStore};
use rarefy_sparsity::{Active, Network};

/// The prunable layers of a store.
pub(super) struct Layers<'a> {
    pub(super) store: &'a ParamStore,
    /// View of each layer.
    pub(super) views: &'a [usize],
    /// Signs of existing weights, empty if they are free.
    pub(super) signs: &'a [Vec<f32>],
}

impl Network for Layers<'_> {
    fn layers(&self) -> usize {
        self.views.len()
    }

    fn layer(&self, index: usize) -> Active<'_> {
        let view = self.views[index];
        let column = |column| self.store.slice(view, column);
        Active {
            name: &self.store.views()[view].parameter.name,
            pattern: &self.store.patterns()[index],
            values: column(Column::Value),
            gradient: column(Column::Gradient),
            momentum: column(Column::Momentum),
            signs: self.signs.get(index).map_or(&[], Vec::as_slice),
        }
    }
}
