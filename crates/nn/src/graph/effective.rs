//! Which existing weights can matter: those on a path from an image to a logit.

use super::{Graph, NodeId, Op};
use rarefy_core::Pattern;

/// What of a network's patterns is on a path from input to output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// One entry per prunable layer, in graph order.
    pub layers: Vec<EffectiveLayer>,
}

/// What of one layer is on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveLayer {
    /// Existing weights whose input comes from the image and whose output reaches a logit.
    pub nnz: u64,
    /// Output channels that no image reaches through this layer or that no logit reads.
    pub dead_channels: usize,
}

impl Effective {
    /// Walks the graph with one pattern per prunable weight, in graph order. Sums count every branch: a channel that only
    /// an identity shortcut feeds is alive. Biases and batch norms lead nowhere by themselves.
    ///
    /// Source: Vysogorets & Kempe, *Connectivity Matters: Neural Network Pruning Through the Lens of Effective Sparsity*,
    /// JMLR 2023, section 3.
    pub fn new(graph: &Graph, patterns: &[Pattern]) -> Self {
        let layers: Vec<(NodeId, &Pattern)> =
            graph.prunable().map(|parameter| parameter.node).zip(patterns).collect();
        let pattern = |node: usize| layers.iter().find(|(id, _)| id.0 == node).map(|(_, pattern)| *pattern);
        let nodes = graph.nodes();
        let mut fed: Vec<Vec<bool>> = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let mut channels = vec![node.op == Op::Input; node.extent.channels];
            match (pattern(index), node.inputs.as_slice()) {
                (Some(pattern), [input, ..]) => {
                    edges(pattern, |from, to| channels[to] |= fed[input.0][from]);
                }
                (_, inputs) => {
                    for input in inputs {
                        channels.iter_mut().zip(&fed[input.0]).for_each(|(channel, fed)| *channel |= fed);
                    }
                }
            }
            fed.push(channels);
        }
        let mut read: Vec<Vec<bool>> = nodes.iter().map(|node| vec![false; node.extent.channels]).collect();
        if let Some(logits) = read.last_mut() {
            logits.fill(true);
        }
        for (index, node) in nodes.iter().enumerate().rev() {
            let channels = std::mem::take(&mut read[index]);
            match (pattern(index), node.inputs.as_slice()) {
                (Some(pattern), [input, ..]) => {
                    edges(pattern, |from, to| read[input.0][from] |= channels[to]);
                }
                (_, inputs) => {
                    for input in inputs {
                        read[input.0].iter_mut().zip(&channels).for_each(|(read, channel)| *read |= channel);
                    }
                }
            }
            read[index] = channels;
        }
        let layer = |&(node, pattern): &(NodeId, &Pattern)| {
            let input = nodes[node.0].inputs.first().map_or(0, |input| input.0);
            let mut nnz = 0;
            edges(pattern, |from, to| nnz += u64::from(fed[input][from] && read[node.0][to]));
            let alive = fed[node.0].iter().zip(&read[node.0]).filter(|(fed, read)| **fed && **read).count();
            EffectiveLayer { nnz, dead_channels: pattern.shape().outputs - alive }
        };
        Self { layers: layers.iter().map(layer).collect() }
    }

    /// Weights on a path.
    pub fn nnz(&self) -> u64 {
        self.layers.iter().map(|layer| layer.nnz).sum()
    }

    /// Output channels of all layers that are on none.
    pub fn dead_channels(&self) -> usize {
        self.layers.iter().map(|layer| layer.dead_channels).sum()
    }
}

/// Calls `edge` with the input and output channel of every weight.
fn edges(pattern: &Pattern, mut edge: impl FnMut(usize, usize)) {
    let shape = pattern.shape();
    let area = shape.kernel_h * shape.kernel_w;
    for index in pattern.iter_dense_indices() {
        edge(index / area % shape.inputs, index / (area * shape.inputs));
    }
}
