//! Where ReLUs stand.

use rarefy_nn::graph::{Graph, Op};
use rarefy_nn::reference::{Scalar, Trace};

/// Inputs of every ReLU, node by node.
pub(crate) fn relu_inputs<'a, T: Scalar>(
    graph: &'a Graph,
    trace: &'a Trace<T>,
) -> impl Iterator<Item = &'a [T]> {
    let relus = graph.nodes().iter().filter(|node| node.op == Op::Relu);
    relus.map(|node| trace.activation(node.inputs[0]).expect("a node of the graph"))
}
