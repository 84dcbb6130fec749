//! Counted cost of a network: multiply-adds (MACs) per layer and of a whole training (METHODS 7).

use rarefy_core::Pattern;
use rarefy_nn::graph::Graph;
use serde::Serialize;

/// One prunable layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerCount {
    /// Name of its weight, e.g. `blocks.0.conv1.weight`.
    pub name: String,
    /// Shape of the dense weight.
    pub shape: Vec<usize>,
    /// Realized density: `nnz` over the dense weights.
    pub density: f64,
    /// Existing weights.
    pub nnz: u64,
    /// Multiply-adds of the dense layer for one sample.
    pub macs_dense: u64,
    /// Multiply-adds of the existing weights for one sample.
    pub macs_sparse: u64,
}

/// A network's layers and their sums. Batch norm, biases and pooling are not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Prunable layers in graph order.
    pub layers: Vec<LayerCount>,
    /// Prunable weights of the dense network.
    pub weights: u64,
    /// Existing weights.
    pub nnz: u64,
    /// Multiply-adds of the dense network's forward pass for one sample.
    pub macs_dense: u64,
    /// Multiply-adds of the existing weights' forward pass for one sample.
    pub macs_sparse: u64,
}

impl Counts {
    /// Counts `graph` with one pattern per prunable weight, in graph order.
    pub fn new(graph: &Graph, patterns: &[Pattern]) -> Self {
        let layers: Vec<LayerCount> = graph
            .prunable()
            .zip(patterns)
            .map(|(parameter, pattern)| {
                let (area, nnz) = (graph.macs_per_weight(parameter.node), pattern.nnz() as u64);
                LayerCount {
                    name: parameter.name.clone(),
                    shape: parameter.shape.clone(),
                    density: pattern.fraction(),
                    nnz,
                    macs_dense: area * parameter.len() as u64,
                    macs_sparse: area * nnz,
                }
            })
            .collect();
        Self {
            weights: graph.prunable_len(),
            nnz: layers.iter().map(|layer| layer.nnz).sum(),
            macs_dense: layers.iter().map(|layer| layer.macs_dense).sum(),
            macs_sparse: layers.iter().map(|layer| layer.macs_sparse).sum(),
            layers,
        }
    }

    /// Realized density: `nnz / weights`.
    pub fn density(&self) -> f64 {
        self.nnz as f64 / self.weights as f64
    }

    /// Floating-point operations of one training step: three forward passes a sample, and where the step computed the dense
    /// weight gradient, that of the dense network in place of the sparse one (METHODS 7: 2 f_S + f_D).
    pub fn step_flops(&self, samples: u64, dense_gradient: bool) -> f64 {
        let weight_gradient = if dense_gradient { self.macs_dense } else { self.macs_sparse };
        2.0 * (2 * self.macs_sparse + weight_gradient) as f64 * samples as f64
    }

    /// Floating-point operations of training on `samples` samples with a fixed pattern: three forward passes each
    /// (forward, input gradient, weight gradient), two operations a multiply-add.
    pub fn static_train_flops(&self, samples: u64) -> f64 {
        3.0 * 2.0 * self.macs_sparse as f64 * samples as f64
    }
}
