//! The backward pass.

use super::conv::Conv;
use super::error::check_len;
use super::{Mode, Network, ReferenceError, Scalar, Trace, elementwise, linear, norm, pool};
use crate::graph::{Graph, NodeId, Op};

/// Gradients of one number (a loss) with respect to everything that went in.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<T> {
    /// One dense tensor per parameter, in graph order; masked places included ([`mask`](super::mask) clears them).
    pub params: Vec<Vec<T>>,
    /// With respect to the images, `[batch, channels, height, width]`.
    pub input: Vec<T>,
}

/// Carries `logit_gradient` `[batch, classes]` back through the pass that `trace` recorded, in that pass's mode.
pub fn backward<T: Scalar>(
    graph: &Graph,
    network: &Network<T>,
    trace: &Trace<T>,
    logit_gradient: &[T],
) -> Result<Gradients<T>, ReferenceError> {
    network.check(graph)?;
    trace.check(graph)?;
    check_len("gradient of the logits", trace.logits().len(), logit_gradient.len())?;
    let activation = |id: NodeId| trace.activation(id).unwrap_or(&[]);

    // Gradient at each node's output; a node read by several others sums what they send back, and one that none reads gets
    // zeros.
    let mut at: Vec<Vec<T>> = vec![Vec::new(); graph.nodes().len()];
    if let Some(last) = at.last_mut() {
        *last = logit_gradient.to_vec();
    }
    // Parameters and statistics are consumed from the end; their gradients are collected in reverse.
    let mut params = network.params.iter().map(Vec::as_slice).rev();
    let mut param = || params.next().unwrap_or(&[]);
    let mut statistics = trace.statistics().iter().rev();
    let mut reversed = Vec::with_capacity(network.params.len());
    for (index, node) in graph.nodes().iter().enumerate().skip(1).rev() {
        let mut gradient = std::mem::take(&mut at[index]);
        gradient.resize(activation(NodeId(index)).len(), T::ZERO);
        let from = node.inputs[0];
        let extent = graph.node(from).extent;
        let input = activation(from);
        let input_gradient = match node.op {
            Op::Input => continue,
            Op::Conv { weight, stride, padding } => {
                let batch = trace.batch();
                let conv = Conv { weight, stride, padding, input: extent, output: node.extent, batch };
                reversed.push(conv.weight_gradient(input, &gradient));
                conv.input_gradient(&gradient, param())
            }
            Op::BatchNorm => {
                let (_beta, gamma) = (param(), param());
                let Some(statistics) = statistics.next() else {
                    return Err(ReferenceError::ForeignTrace { graph: graph.name().into() });
                };
                let batch_statistics = trace.mode() == Mode::Train;
                let gradients = norm::backward(input, extent, statistics, gamma, &gradient, batch_statistics);
                reversed.extend([gradients.beta, gradients.gamma]);
                gradients.input
            }
            Op::Relu => elementwise::relu_backward(input, &gradient),
            Op::Add => {
                accumulate(&mut at[node.inputs[1].0], gradient.clone());
                gradient
            }
            Op::GlobalAvgPool => pool::backward(&gradient, extent.area()),
            Op::MaxPool(window) => pool::max_backward(input, extent, window, &gradient),
            Op::Linear { weight } => {
                let (_bias, weights) = (param(), param());
                let gradients = linear::backward(weight, input, weights, &gradient);
                reversed.extend([gradients.bias, gradients.weight]);
                gradients.input
            }
        };
        accumulate(&mut at[from.0], input_gradient);
    }
    reversed.reverse();
    let mut input = at.swap_remove(0);
    input.resize(activation(NodeId(0)).len(), T::ZERO);
    Ok(Gradients { params: reversed, input })
}

/// Adds a term to a sum that is empty before the first.
fn accumulate<T: Scalar>(sum: &mut Vec<T>, term: Vec<T>) {
    if sum.is_empty() {
        *sum = term;
    } else {
        sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
    }
}
