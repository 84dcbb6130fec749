//! A model as data: a list of typed nodes whose names are the published PyTorch parameter prefixes.
//!
//! A graph carries no memory layout; executors give it one.

mod builder;
mod effective;
mod parameter;

pub use builder::{GraphBuilder, GraphError};
pub use effective::{Effective, EffectiveLayer};
pub use parameter::{InitRule, Parameter, Role};

pub use rarefy_core::Extent;

use rarefy_core::WeightShape;

/// Index of a node; nodes only refer to earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

pub use rarefy_kernels::PoolWindow;

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The images, NCHW.
    Input,
    /// Convolution without bias, zero padding on all sides.
    Conv {
        /// Weight shape; kernel extents are odd.
        weight: WeightShape,
        /// 1 or 2.
        stride: usize,
        /// Zeros added on every side.
        padding: usize,
    },
    /// Batch normalization per channel (eps 1e-5, momentum 0.1, unbiased variance into the running one).
    BatchNorm,
    /// max(x, 0); the derivative at 0 is 0.
    Relu,
    /// Sum of two activations of one extent.
    Add,
    /// Mean over height and width.
    GlobalAvgPool,
    /// Largest number of each window; padding never wins, not a number always does. The gradient goes to the window's first
    /// largest number.
    MaxPool(PoolWindow),
    /// Fully connected layer with bias; its input is a vector.
    Linear {
        /// Weight shape (1 x 1 kernel).
        weight: WeightShape,
    },
}

impl Op {
    /// Shape of the prunable weight, if the node has one.
    pub fn weight(&self) -> Option<WeightShape> {
        match self {
            Op::Conv { weight, .. } | Op::Linear { weight } => Some(*weight),
            _ => None,
        }
    }
}

/// One node of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Prefix of its parameter names, e.g. `blocks.0.conv1`; for nodes without parameters a readable label.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Nodes it reads.
    pub inputs: Vec<NodeId>,
    /// Extent of its output.
    pub extent: Extent,
}

/// A network: nodes in an order in which each comes after its inputs; the last node gives the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    name: String,
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
}

/// Batch-norm constants, as PyTorch's defaults and the published networks have them.
pub const BATCH_NORM_EPS: f64 = 1e-5;
/// Weight of the newest batch in the running statistics.
pub const BATCH_NORM_MOMENTUM: f64 = 0.1;

impl Graph {
    /// Canonical model name, e.g. `cifar_resnet_20`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All nodes in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// All parameters in published order: node by node, weight (or gamma) before bias (or beta).
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Parameters whose weights may be sparse: every convolution and linear weight, in order.
    pub fn prunable(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.role == Role::Weight)
    }

    /// Number of prunable weights of the dense network.
    pub fn prunable_len(&self) -> u64 {
        self.prunable().map(|parameter| parameter.len() as u64).sum()
    }

    /// Extent of one input sample.
    pub fn input(&self) -> Extent {
        self.nodes[0].extent
    }

    /// Number of logits.
    pub fn classes(&self) -> usize {
        self.nodes.last().map_or(0, |node| node.extent.channels)
    }

    /// Multiply-adds per sample of one weight of the node's layer: the output area for a convolution, 1 for a linear layer.
    pub fn macs_per_weight(&self, id: NodeId) -> u64 {
        self.node(id).extent.area() as u64
    }

    /// Batch-norm nodes in order, with their channels: running statistics follow this order.
    pub fn batch_norms(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.op == Op::BatchNorm)
            .map(|(index, node)| (NodeId(index), node))
    }
}
