//! Networks by name: one file per family, one line in [`REGISTRY`].

mod cifar_resnet;
mod vgg;

pub use cifar_resnet::cifar_resnet;

use crate::graph::{Extent, Graph, GraphError};

/// A family of networks that parses its own names.
pub struct Family {
    /// How its names are written, for help and error texts.
    pub pattern: &'static str,
    /// Names to suggest when a name is unknown.
    pub examples: &'static [&'static str],
    /// Builds the network `name` for images of an extent and a number of classes; `None` if the name is not of this family.
    pub build: fn(&str, Extent, usize) -> Option<Result<Graph, GraphError>>,
}

/// Every family.
pub const REGISTRY: &[Family] = &[cifar_resnet::FAMILY, vgg::FAMILY];

/// Why a model could not be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No family knows the name.
    #[error("unknown model `{name}`; models are {patterns}")]
    Unknown {
        /// The name given.
        name: String,
        /// How names are written.
        patterns: String,
    },
    /// The images or the depth do not suit the network.
    #[error("model `{name}`: {source}")]
    Graph {
        /// The name given.
        name: String,
        /// The reason.
        source: GraphError,
    },
}

/// Builds the network called `name` for images of extent `input` and `classes` logits.
pub fn build(name: &str, input: Extent, classes: usize) -> Result<Graph, ModelError> {
    match REGISTRY.iter().find_map(|family| (family.build)(name, input, classes)) {
        Some(graph) => graph.map_err(|source| ModelError::Graph { name: name.into(), source }),
        None => {
            let patterns = REGISTRY.iter().map(|family| family.pattern).collect::<Vec<_>>().join(", ");
            Err(ModelError::Unknown { name: name.into(), patterns })
        }
    }
}
