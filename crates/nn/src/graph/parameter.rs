//! Parameters of a graph, derived from its nodes.

use super::NodeId;

/// What a parameter is to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Weight of a convolution or linear layer: prunable.
    Weight,
    /// Bias of a linear layer.
    Bias,
    /// Batch-norm scale (`weight` in PyTorch).
    Gamma,
    /// Batch-norm shift (`bias` in PyTorch).
    Beta,
}

/// How a parameter starts (METHODS 5).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InitRule {
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform in `-bound..bound`.
    Uniform {
        /// Half the width.
        bound: f64,
    },
    /// The same number everywhere.
    Constant {
        /// That number.
        value: f64,
    },
}

/// One named parameter tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// PyTorch name, e.g. `blocks.0.conv1.weight`.
    pub name: String,
    /// Its node.
    pub node: NodeId,
    /// What it is to the node.
    pub role: Role,
    /// Dense shape: `[out, in, kh, kw]`, `[out, in]` or `[channels]`.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: InitRule,
}

impl Parameter {
    /// Numbers in the dense tensor.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor is empty (never, for a valid graph).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inputs of one output: product of all extents after the first.
    pub fn fan_in(&self) -> usize {
        self.shape[1..].iter().product()
    }
}
