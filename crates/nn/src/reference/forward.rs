//! The forward pass.

use super::conv::Conv;
use super::error::check_len;
use super::{Network, NormStatistics, ReferenceError, Scalar, elementwise, linear, norm, pool};
use crate::graph::{Graph, NodeId, Op};
use crate::mode::Mode;

/// Everything a forward pass computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace<T> {
    batch: usize,
    mode: Mode,
    activations: Vec<Vec<T>>,
    statistics: Vec<NormStatistics<T>>,
}

impl<T: Scalar> Trace<T> {
    /// Samples in the batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Mode of the pass.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Output of a node, `[batch, channels, height, width]`; node 0 gives the images. `None` for a node the graph has not.
    pub fn activation(&self, node: NodeId) -> Option<&[T]> {
        self.activations.get(node.0).map(Vec::as_slice)
    }

    /// Output of the last node, `[batch, classes]`.
    pub fn logits(&self) -> &[T] {
        self.activations.last().map_or(&[], Vec::as_slice)
    }

    /// What each batch norm normalized with, in graph order.
    pub fn statistics(&self) -> &[NormStatistics<T>] {
        &self.statistics
    }

    pub(super) fn check(&self, graph: &Graph) -> Result<(), ReferenceError> {
        let fits = self.activations.len() == graph.nodes().len()
            && graph
                .nodes()
                .iter()
                .zip(&self.activations)
                .all(|(node, activation)| activation.len() == self.batch * node.extent.len())
            && self.statistics.len() == graph.batch_norms().count()
            && graph
                .batch_norms()
                .zip(&self.statistics)
                .all(|((_, node), statistics)| statistics.mean.len() == node.extent.channels);
        if fits { Ok(()) } else { Err(ReferenceError::ForeignTrace { graph: graph.name().into() }) }
    }
}

/// Runs `graph` with the parameters of `network` on `images` `[batch, channels, height, width]`.
pub fn forward<T: Scalar>(
    graph: &Graph,
    network: &Network<T>,
    images: &[T],
    batch: usize,
    mode: Mode,
) -> Result<Trace<T>, ReferenceError> {
    if batch == 0 {
        return Err(ReferenceError::EmptyBatch);
    }
    network.check(graph)?;
    check_len("images", batch * graph.input().len(), images.len())?;
    let mut trace = Trace { batch, mode, activations: Vec::new(), statistics: Vec::new() };
    let mut params = network.params.iter();
    let mut param = || params.next().map_or(&[][..], Vec::as_slice);
    for node in graph.nodes() {
        let input = |index: usize| {
            let id = node.inputs[index];
            (&trace.activations[id.0][..], graph.node(id).extent)
        };
        let output = match node.op {
            Op::Input => images.to_vec(),
            Op::Conv { weight, stride, padding } => {
                let (input, extent) = input(0);
                let conv = Conv { weight, stride, padding, input: extent, output: node.extent, batch };
                conv.forward(input, param())
            }
            Op::BatchNorm => {
                let (input, extent) = input(0);
                let index = trace.statistics.len();
                let statistics = match mode {
                    Mode::Train if batch * extent.area() == 1 => {
                        return Err(ReferenceError::SingleNumber { node: node.name.clone() });
                    }
                    Mode::Train => NormStatistics::of_batch(input, extent),
                    Mode::Eval => NormStatistics {
                        mean: network.running_mean[index].clone(),
                        variance: network.running_var[index].clone(),
                        count: batch * extent.area(),
                    },
                };
                let (gamma, beta) = (param(), param());
                let output = norm::forward(input, extent, &statistics, gamma, beta);
                trace.statistics.push(statistics);
                output
            }
            Op::Relu => elementwise::relu(input(0).0),
            Op::Add => elementwise::add(input(0).0, input(1).0),
            Op::GlobalAvgPool => {
                let (input, extent) = input(0);
                pool::forward(input, extent.area())
            }
            Op::MaxPool(window) => {
                let (input, extent) = input(0);
                pool::max_forward(input, extent, window)
            }
            Op::Linear { weight } => {
                let (weights, bias) = (param(), param());
                linear::forward(weight, input(0).0, weights, bias)
            }
        };
        trace.activations.push(output);
    }
    Ok(trace)
}
