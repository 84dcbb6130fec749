//! A graph lowered to few, fused operations over stored tensors.
//!
//! Most activations are never stored. A *value* is `relu?(sum of one or two terms)`, a term being a stored tensor under an
//! optional batch norm; it is evaluated into the tile of whoever reads it. Stored are raw outputs of convolutions, pools
//! and linear layers, and the values that several nodes read.

use super::geometry::Geometry;
use super::layout::{Layout, Masks};
use crate::graph::{NodeId, PoolWindow};
use rarefy_kernels::Write;

/// A stored activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TensorId(pub(crate) usize);
/// An activation that is evaluated when read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ValueId(pub(crate) usize);
/// A batch norm, in graph order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NormId(pub(crate) usize);

/// One summand of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) tensor: TensorId,
    pub(crate) norm: Option<NormId>,
    /// The value that the tensor stores; `None` if it is an operation's output that only this value reads.
    pub(crate) of: Option<ValueId>,
}

/// `relu?(sum of terms)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// One or two.
    pub(crate) terms: Vec<Term>,
    pub(crate) relu: bool,
    /// Where the evaluated value is kept, if it is.
    pub(crate) stored: Option<TensorId>,
    /// The graph node it stands for.
    pub(crate) node: NodeId,
}

/// A batch norm over a stored tensor.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    pub(crate) tensor: TensorId,
    /// First channel in the running statistics.
    pub(crate) offset: usize,
    pub(crate) channels: usize,
    /// Numbers per channel and sample.
    pub(crate) area: usize,
    /// Views of scale and shift in the parameter store.
    pub(crate) gamma: usize,
    pub(crate) beta: usize,
}

/// A convolution or linear layer.
#[derive(Clone, Debug)]
pub(crate) struct Convolve {
    /// Index among the prunable weights.
    pub(crate) layer: usize,
    /// View of the weight, and of the bias of a linear layer.
    pub(crate) weight: usize,
    pub(crate) bias: Option<usize>,
    pub(crate) source: ValueId,
    /// This operation stores the source as it evaluates it.
    pub(crate) keep: bool,
    pub(crate) output: TensorId,
    /// Batch norm whose statistics it takes of its output.
    pub(crate) norm: Option<NormId>,
    pub(crate) geometry: Geometry,
}

/// How a pool makes one number of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolKind {
    GlobalAverage,
    Max(PoolWindow),
}

/// One operation of the forward pass.
#[derive(Clone, Debug)]
// Nearly all of a program's few dozen operations are of the largest variant.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Forward {
    Convolve(Convolve),
    /// Mean over the image, or largest number of each window.
    Pool {
        source: ValueId,
        keep: bool,
        output: TensorId,
        kind: PoolKind,
    },
    /// Evaluates and stores a value that no other operation stores.
    Store {
        value: ValueId,
    },
    /// Statistics of a stored value.
    Measure {
        norm: NormId,
    },
}

impl Forward {
    /// The value it reads through its expression, and whether it stores it.
    pub(crate) fn source(&self) -> Option<(ValueId, bool)> {
        match self {
            Forward::Convolve(Convolve { source, keep, .. }) | Forward::Pool { source, keep, .. } => {
                Some((*source, *keep))
            }
            Forward::Store { value } => Some((*value, true)),
            Forward::Measure { .. } => None,
        }
    }

    /// The tensor it computes.
    pub(crate) fn output(&self) -> Option<TensorId> {
        match self {
            Forward::Convolve(Convolve { output, .. }) | Forward::Pool { output, .. } => Some(*output),
            Forward::Store { .. } | Forward::Measure { .. } => None,
        }
    }
}

/// The whole forward pass. Tensor 0 holds the images.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) tensors: Vec<Layout>,
    /// How each tensor is written.
    pub(crate) writes: Vec<Write>,
    pub(crate) masks: Masks,
    pub(crate) values: Vec<Value>,
    pub(crate) norms: Vec<Norm>,
    pub(crate) forward: Vec<Forward>,
    /// The value of the logits; it is stored.
    pub(crate) logits: ValueId,
    /// For each tensor the value it is a term of (or, for the rest, that it stores).
    pub(crate) owner: Vec<ValueId>,
}

/// Bytes that a thread writes and finds again in the last cache, about. Half of what was measured: reads come between.
const LAST_CACHE: usize = 16 << 20;

impl Program {
    /// Chooses how tensors of `batch` samples are written: those that the backward pass comes back to when the caches have seen as much
    /// else as they hold go past them.
    pub(crate) fn choose_writes(&mut self, batch: usize) {
        let mut later = 0;
        for (layout, write) in self.tensors.iter().zip(&mut self.writes).rev() {
            *write = if later > LAST_CACHE { Write::Streamed } else { Write::Cached };
            later = layout.len(batch).saturating_mul(size_of::<f32>()).saturating_add(later);
        }
    }

    /// What the last operation that reads anything reads: that of the logits.
    pub(crate) fn features(&self) -> Option<ValueId> {
        self.forward.iter().rev().find_map(Forward::source).map(|(source, _)| source)
    }

    pub(crate) fn layout(&self, value: ValueId) -> &Layout {
        &self.tensors[self.values[value.0].terms[0].tensor.0]
    }
}
