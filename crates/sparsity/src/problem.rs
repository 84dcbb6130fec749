//! What a rule decides on.

use crate::budget::{Budget, just_above};
use crate::{Layer, LayerKind, Options, SparsityError};
use rarefy_core::{Block, Density, Pattern};

/// What a rule decides on; rules that need more get more fields here.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The prunable layers in forward order that are not kept dense anyway: at least one, each with a valid shape.
    pub layers: &'a [Layer],
    /// Density of these layers.
    pub density: Density,
    /// The network's first convolution, if it is among `layers`.
    pub first: Option<usize>,
    /// The network's last linear layer, if it is among `layers`.
    pub classifier: Option<usize>,
    /// What the rules can be told.
    pub options: &'a Options,
    /// The request as a whole, for messages.
    budget: Budget,
    /// Weights of layers that are kept dense.
    kept: u64,
}

impl<'a> Problem<'a> {
    /// Checks the layers. No layer is kept dense, and options are those of [`Options::none`].
    pub fn new(layers: &'a [Layer], density: Density) -> Result<Self, SparsityError> {
        if layers.is_empty() {
            return Err(SparsityError::NoLayers);
        }
        for Layer { name, shape, .. } in layers {
            Pattern::check(*shape, Block::UNSTRUCTURED)
                .map_err(|source| SparsityError::Layer { layer: name.clone(), source })?;
        }
        let budget = Budget { density, fixed: 0, over: layers.iter().map(Layer::weights).sum() };
        Ok(Self {
            layers,
            density,
            first: layers.iter().position(|layer| layer.kind == LayerKind::Conv),
            classifier: layers.iter().rposition(|layer| layer.kind == LayerKind::Linear),
            options: Options::none(),
            budget,
            kept: 0,
        })
    }

    /// The same with options.
    pub fn with(self, options: &'a Options) -> Self {
        Self { options, ..self }
    }

    /// What is left of a network when `kept` of its weights stay dense: `layers` at `density`, as part of `budget`.
    pub(crate) fn rest(
        self,
        layers: &'a [Layer],
        density: Density,
        (first, classifier): (Option<usize>, Option<usize>),
        budget: Budget,
        kept: u64,
    ) -> Self {
        Self { layers, density, first, classifier, budget, kept, ..self }
    }

    /// Weights of the layers.
    pub fn weights(&self) -> u64 {
        self.layers.iter().map(Layer::weights).sum()
    }

    /// The refusal of a density at which `rule` needs more than there is for `layer`: from `least` to `most` of the weights
    /// of these layers are feasible.
    pub fn infeasible(&self, rule: &'static str, layer: usize, least: f64, most: f64) -> SparsityError {
        let total = |weights: f64| weights + self.kept as f64 - self.budget.fixed as f64;
        let over = self.budget.over as f64;
        SparsityError::Infeasible {
            rule,
            density: self.budget.density,
            target: self.budget.target(),
            layer: self.layers[layer].name.clone(),
            smallest: just_above(total(least), over),
            largest: (total(most) / over).min(1.0),
        }
    }
}
