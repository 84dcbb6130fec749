//! The dense network of the same cost: what a sparse one has to beat.

use crate::accounting::Counts;
use crate::error::TrainError;
use crate::probe::DataProbe;
use crate::recipe::{DynamicOptions, MatchName, Method, Recipe, RecipeError};
use crate::setup::build_model;
use rarefy_core::{Density, Extent};
use rarefy_nn::graph::Graph;

/// The dense network that stands in for a sparse one.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// What was matched.
    pub by: MatchName,
    /// The sparse network.
    pub sparse: String,
    /// Its density.
    pub density: Density,
    /// Its weights, or its floating-point operations an image.
    pub wanted: u64,
    /// The dense network.
    pub dense: String,
    /// The same of it.
    pub found: u64,
}

impl Recipe {
    /// With `match`: the recipe of the dense network of the same family and depth whose width brings its prunable weights, or its
    /// floating-point operations (2 a multiply-add of convolutions and linear layers, METHODS 7), nearest to those of the sparse
    /// network asked for, as it starts; of two equally near the smaller. Nothing moves in a dense network, so the method becomes
    /// `static`; everything else stays.
    ///
    /// # Errors
    /// A model whose name has no width; what building the sparse network says.
    pub fn matched(self) -> Result<(Self, Option<Matched>), TrainError> {
        let Some(by) = self.match_dense else { return Ok((self, None)) };
        let dataset = self.open_data()?;
        let (extent, classes) = (dataset.extent(), dataset.classes());
        let graph = build_model(&self.model, extent, classes)?;
        let sparse = graph.name().to_owned();
        let wanted = match by {
            MatchName::Params => self.density.budget(graph.prunable_len()),
            MatchName::Flops => {
                let drawn = DataProbe::new(&graph, &self, dataset.as_ref()).draw()?;
                2 * Counts::new(&graph, &drawn.patterns).macs_sparse
            }
        };
        let Some((dense, found)) = nearest(&sparse, by, wanted, extent, classes) else {
            return Err(RecipeError::Value {
                key: "match",
                expected: "used with a model whose name has a width, such as cifar_resnet_20",
                found: sparse,
            }
            .into());
        };
        let matched = Matched { by, sparse, density: self.density, wanted, dense: dense.clone(), found };
        let recipe = Self {
            model: dense,
            density: Density::DENSE,
            method: Method::STATIC,
            dynamic: DynamicOptions::default(),
            match_dense: None,
            ..self
        };
        Ok((recipe, Some(matched)))
    }
}

/// Name and cost of the dense network nearest to a cost. Cost grows with width, which families that have one write as `_WIDTH`.
fn nearest(name: &str, by: MatchName, wanted: u64, extent: Extent, classes: usize) -> Option<(String, u64)> {
    // The last part may be the width.
    let shorter = name.rsplit_once('_').map(|(family, _)| family);
    let family = shorter.filter(|family| build_model(family, extent, classes).is_ok()).unwrap_or(name);
    let mut best: Option<(String, u64)> = None;
    for width in 1.. {
        let Ok(graph) = build_model(&format!("{family}_{width}"), extent, classes) else { break };
        let cost = cost(&graph, by);
        if best.as_ref().is_none_or(|(_, best)| cost.abs_diff(wanted) < best.abs_diff(wanted)) {
            best = Some((graph.name().to_owned(), cost));
        }
        if cost >= wanted {
            break;
        }
    }
    best
}

/// Of the dense network.
fn cost(graph: &Graph, by: MatchName) -> u64 {
    match by {
        MatchName::Params => graph.prunable_len(),
        MatchName::Flops => {
            2 * graph.prunable().map(|of| graph.macs_per_weight(of.node) * of.len() as u64).sum::<u64>()
        }
    }
}
