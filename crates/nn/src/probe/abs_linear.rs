//! The flow through a network of absolute values (SynFlow: Tanaka et al. 2020).

use super::{Dense, check_dense, check_finite, check_room};
use crate::SessionError;
use crate::graph::{BATCH_NORM_EPS, Graph, Node, NodeId, Op};
use crate::params::{Column, ParamStore};
use crate::reference::conv::Conv;
use crate::reference::{elementwise, linear, pool};
use rarefy_core::{Pattern, memory};

/// A network with every parameter replaced by its absolute value, batch norms with mean 0 and variance 1.
///
/// `R` is the sum of its logits for an image of ones. All in f64: R grows by orders of magnitude with every layer (1e23 at
/// depth 20), far below f64's 1e308 for every network here.
#[derive(Clone, Debug)]
pub struct AbsLinear<'a> {
    graph: &'a Graph,
    params: Vec<Vec<f64>>,
}

impl<'a> AbsLinear<'a> {
    /// Takes the initial values of the dense network.
    ///
    /// # Errors
    /// A store that is not dense, memory that cannot be had.
    pub fn new(graph: &'a Graph, dense: &ParamStore) -> Result<Self, SessionError> {
        check_dense(dense)?;
        // Of the network, its gradient and one layer's at a time; of activations, their gradients and a copy at
        // hand.
        check_room(graph, 1, 3 * 8, 3 * 8)?;
        let sizes = |view| {
            let values = dense.try_to_dense(view, Column::Value)?;
            memory::collected(values.len(), values.iter().map(|&w| f64::from(w).abs()), "a number a weight")
        };
        Ok(Self { graph, params: (0..dense.views().len()).map(sizes).collect::<Result<_, _>>()? })
    }

    /// `dR/dw` of the network with only the weights of `patterns` (one per prunable layer); 0 where there is none.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn gradient(&self, patterns: &[Pattern]) -> Result<Dense, SessionError> {
        let activations = self.forward(patterns);
        check_finite(self.backward(patterns, &activations), "the synaptic flow")
    }

    /// The sum of the logits.
    pub fn flow(&self, patterns: &[Pattern]) -> f64 {
        self.forward(patterns).last().map_or(0.0, |logits| logits.iter().sum())
    }

    /// Output of every node.
    fn forward(&self, patterns: &[Pattern]) -> Vec<Vec<f64>> {
        let (mut params, mut patterns) = (self.params.iter(), patterns.iter());
        let mut param = || params.next().map_or(&[][..], Vec::as_slice);
        let mut activations: Vec<Vec<f64>> = Vec::new();
        for node in self.graph.nodes() {
            let input = |index: usize| &activations[node.inputs[index].0][..];
            let output = match node.op {
                Op::Input => vec![1.0; node.extent.len()],
                Op::Conv { .. } => {
                    let (weights, input) = (param(), input(0));
                    let mut output = vec![0.0; node.extent.len()];
                    self.for_each_product(node, patterns.next(), |weight, stride, out, x| {
                        let seen = input[x].iter().step_by(stride);
                        output[out].iter_mut().zip(seen).for_each(|(out, &x)| *out += weights[weight] * x);
                    });
                    output
                }
                Op::BatchNorm => {
                    let (gamma, beta) = (param(), param());
                    let planes = input(0).chunks_exact(node.extent.area()).zip(gamma.iter().zip(beta));
                    planes.flat_map(|(x, (g, b))| x.iter().map(move |x| g * unit(*x) + b)).collect()
                }
                Op::Relu => elementwise::relu(input(0)),
                Op::Add => elementwise::add(input(0), input(1)),
                Op::GlobalAvgPool => pool::forward(input(0), self.extent(node).area()),
                Op::MaxPool(window) => pool::max_forward(input(0), self.extent(node), window),
                Op::Linear { weight } => {
                    let (weights, bias) = (masked(param(), patterns.next()), param());
                    linear::forward(weight, input(0), &weights, bias)
                }
            };
            activations.push(output);
        }
        activations
    }

    /// Gradient at every existing weight.
    fn backward(&self, patterns: &[Pattern], activations: &[Vec<f64>]) -> Dense {
        let (mut params, mut patterns) = (self.params.iter().rev(), patterns.iter().rev());
        let mut param = || params.next().map_or(&[][..], Vec::as_slice);
        let mut at: Vec<Vec<f64>> = activations.iter().map(|values| vec![0.0; values.len()]).collect();
        if let Some(logits) = at.last_mut() {
            logits.fill(1.0);
        }
        let mut reversed = Dense::new();
        for (index, node) in self.graph.nodes().iter().enumerate().skip(1).rev() {
            let gradient = std::mem::take(&mut at[index]);
            let from = node.inputs[0];
            let input = &activations[from.0][..];
            let back = match node.op {
                Op::Input => continue,
                Op::Conv { .. } => {
                    let weights = param();
                    let (mut slopes, mut back) = (vec![0.0; weights.len()], vec![0.0; input.len()]);
                    self.for_each_product(node, patterns.next(), |weight, stride, out, x| {
                        let w = weights[weight];
                        let seen = input[x.clone()].iter().zip(&mut back[x]).step_by(stride);
                        let mut sum = 0.0;
                        gradient[out].iter().zip(seen).for_each(|(&dout, (&x, dx))| {
                            *dx += w * dout;
                            sum += dout * x;
                        });
                        slopes[weight] += sum;
                    });
                    reversed.push(slopes);
                    back
                }
                Op::BatchNorm => {
                    let (_beta, gamma) = (param(), param());
                    let planes = gradient.chunks_exact(node.extent.area()).zip(gamma);
                    planes.flat_map(|(dy, g)| dy.iter().map(move |dy| g * unit(*dy))).collect()
                }
                Op::Relu => elementwise::relu_backward(input, &gradient),
                Op::Add => {
                    let other = &mut at[node.inputs[1].0];
                    other.iter_mut().zip(&gradient).for_each(|(sum, term)| *sum += term);
                    gradient
                }
                Op::GlobalAvgPool => pool::backward(&gradient, self.extent(node).area()),
                Op::MaxPool(window) => pool::max_backward(input, self.extent(node), window, &gradient),
                Op::Linear { weight } => {
                    let (_bias, pattern) = (param(), patterns.next());
                    let weights = masked(param(), pattern);
                    let found = linear::backward(weight, input, &weights, &gradient);
                    reversed.push(masked(&found.weight, pattern));
                    found.input
                }
            };
            at[from.0].iter_mut().zip(back).for_each(|(sum, term)| *sum += term);
        }
        reversed.reverse();
        reversed
    }

    fn extent(&self, node: &Node) -> rarefy_core::Extent {
        self.graph.node(node.inputs.first().copied().unwrap_or(NodeId(0))).extent
    }

    /// Calls `visit(weight, stride, outputs, inputs)` for every output row of every existing weight of a convolution.
    fn for_each_product(
        &self,
        node: &Node,
        pattern: Option<&Pattern>,
        mut visit: impl FnMut(usize, usize, std::ops::Range<usize>, std::ops::Range<usize>),
    ) {
        let (Op::Conv { weight, stride, padding }, Some(pattern)) = (&node.op, pattern) else { return };
        let (weight, stride, padding) = (*weight, *stride, *padding);
        let conv = Conv { weight, stride, padding, input: self.extent(node), output: node.extent, batch: 1 };
        for weight in pattern.iter_dense_indices() {
            conv.for_each_row(0, weight, |run| {
                let reach = (run.len - 1) * stride + 1;
                visit(run.weight, stride, run.output..run.output + run.len, run.input..run.input + reach);
            });
        }
    }
}

/// `x / sqrt(1 + eps)`.
fn unit(x: f64) -> f64 {
    x / (1.0 + BATCH_NORM_EPS).sqrt()
}

/// Weights with zeros where the pattern has none.
fn masked(weights: &[f64], pattern: Option<&Pattern>) -> Vec<f64> {
    let mut masked = vec![0.0; weights.len()];
    for index in pattern.into_iter().flat_map(Pattern::iter_dense_indices) {
        masked[index] = weights[index];
    }
    masked
}
