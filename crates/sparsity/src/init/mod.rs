//! Initial densities of the layers: one file per rule, one line each in [`REGISTRY`].
//!
//! With `d` the global density, `n_l` the weights of layer `l` and `N` their sum, every rule spends the budget:
//! `sum density_l * n_l = d * N`.
//!
//! | name | density of a layer | source |
//! |---|---|---|
//! | `uniform` | `d` | |
//! | `er` | `min(1, eps * (out + in) / (out * in))` | Mocanu et al. 2018 (SET) |
//! | `erk` | `min(1, eps * (out + in + kh + kw) / (out * in * kh * kw))` | Evci et al. 2020 (RigL) |

mod er;
mod erk;
mod uniform;

pub use er::Er;
pub use erk::Erk;
pub use uniform::Uniform;

use crate::registry::pick;
use crate::{Layer, SparsityError};
use rarefy_core::{Block, Density, Pattern};

/// Every rule, in the order of the help.
pub const REGISTRY: &[&dyn Rule] = &[&Uniform, &Er, &Erk];

/// Gives every layer its share of a global density.
pub trait Rule: std::fmt::Debug + Sync {
    /// Name on the command line, in recipes and in reports: lower case, the name of the rule's file.
    fn name(&self) -> &'static str;

    /// One line for the help.
    fn summary(&self) -> &'static str;

    /// One density in (0, 1] per layer; exactly 1 makes a layer full.
    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError>;
}

/// What a rule decides on; rules that need more get more fields here.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The prunable layers in forward order: at least one, each with a valid shape.
    pub layers: &'a [Layer],
    /// Global density.
    pub density: Density,
}

impl<'a> Problem<'a> {
    /// Checks the layers.
    pub fn new(layers: &'a [Layer], density: Density) -> Result<Self, SparsityError> {
        if layers.is_empty() {
            return Err(SparsityError::NoLayers);
        }
        for Layer { name, shape, .. } in layers {
            Pattern::check(*shape, Block::UNSTRUCTURED)
                .map_err(|source| SparsityError::Layer { layer: name.clone(), source })?;
        }
        Ok(Self { layers, density })
    }

    /// Prunable weights of the network.
    pub fn weights(&self) -> u64 {
        self.layers.iter().map(Layer::weights).sum()
    }
}

/// The rule called `name`; letter case does not matter, `-` is `_`.
pub fn find(name: &str) -> Result<&'static dyn Rule, SparsityError> {
    pick("sparse init", name, REGISTRY.iter().map(|&rule| (rule.name(), rule)))
}
