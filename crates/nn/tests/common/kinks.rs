//! Where networks are hard to follow: ReLUs at 0 and max pools between equal numbers, where the derivative jumps, and batch
//! norms of channels that hardly vary, which magnify rounding.

use rarefy_nn::graph::{Graph, NodeId, Op, PoolWindow};
use rarefy_nn::reference::{Scalar, Trace};

/// Standard deviations that the mean of a normalized channel may be from 0; one that is constant holds rounding alone.
pub(crate) const NARROW: f64 = 30.0;

/// Largest ratio of mean and standard deviation that a batch norm takes out, at least 1.
pub(crate) fn narrowness(trace: &Trace<f64>) -> f64 {
    let channels = trace.statistics().iter().flat_map(|norm| norm.mean.iter().zip(&norm.variance));
    let ratios =
        channels.map(|(mean, variance)| if *mean == 0.0 { 0.0 } else { mean.abs() / variance.sqrt() });
    ratios.fold(1.0, f64::max)
}

/// Inputs of every ReLU: one list per channel and node, over the batch.
pub(crate) fn relu_inputs<T: Scalar>(graph: &Graph, trace: &Trace<T>) -> Vec<Vec<T>> {
    let mut channels = Vec::new();
    for node in graph.nodes().iter().filter(|node| node.op == Op::Relu) {
        channels.extend(planes(graph, trace, node.inputs[0]).into_iter().map(|planes| planes.concat()));
    }
    channels
}

/// Numbers in every window of every max pool, row by row: one list of windows per channel and node, over the batch.
pub(crate) fn pool_windows<T: Scalar>(graph: &Graph, trace: &Trace<T>) -> Vec<Vec<Vec<T>>> {
    let mut channels = Vec::new();
    for node in graph.nodes() {
        let Op::MaxPool(PoolWindow { kernel, stride, padding }) = node.op else { continue };
        let input = graph.node(node.inputs[0]).extent;
        let outputs = (0..node.extent.height).flat_map(|y| (0..node.extent.width).map(move |x| (y, x)));
        let window = |plane: &[T], (oy, ox): (usize, usize)| {
            let mut numbers = Vec::new();
            for (ky, kx) in (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx))) {
                // Below 0 the difference wraps and is beyond any image.
                let (y, x) =
                    ((oy * stride + ky).wrapping_sub(padding), (ox * stride + kx).wrapping_sub(padding));
                if y < input.height && x < input.width {
                    numbers.push(plane[y * input.width + x]);
                }
            }
            numbers
        };
        for planes in planes(graph, trace, node.inputs[0]) {
            let windows = planes.iter().flat_map(|plane| outputs.clone().map(|at| window(plane, at)));
            channels.push(windows.collect());
        }
    }
    channels
}

/// A node's output as `[channel][sample]` planes.
fn planes<'a, T: Scalar>(graph: &Graph, trace: &'a Trace<T>, id: NodeId) -> Vec<Vec<&'a [T]>> {
    let extent = graph.node(id).extent;
    let all = trace.activation(id).expect("a node of the graph").chunks_exact(extent.area());
    (0..extent.channels).map(|channel| all.clone().skip(channel).step_by(extent.channels).collect()).collect()
}

/// Place of a window's first largest number.
pub(crate) fn winner<T: Scalar>(window: &[T]) -> usize {
    (0..window.len()).fold(0, |best, place| if window[place] > window[best] { place } else { best })
}
