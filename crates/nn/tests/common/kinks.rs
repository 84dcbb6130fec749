//! Where ReLUs stand.

use rarefy_nn::graph::{Graph, Op};
use rarefy_nn::reference::{Scalar, Trace};

/// Inputs of every ReLU: one list per channel and node, over the batch.
pub(crate) fn relu_inputs<T: Scalar>(graph: &Graph, trace: &Trace<T>) -> Vec<Vec<T>> {
    let mut channels = Vec::new();
    for node in graph.nodes().iter().filter(|node| node.op == Op::Relu) {
        let inputs = trace.activation(node.inputs[0]).expect("a node of the graph");
        for channel in 0..node.extent.channels {
            let planes = inputs.chunks_exact(node.extent.area()).skip(channel).step_by(node.extent.channels);
            channels.push(planes.flatten().copied().collect());
        }
    }
    channels
}
