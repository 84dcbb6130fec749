//! Fully connected layer and its gradients.

use super::Scalar;
use rarefy_core::WeightShape;

/// `out[n, o] = bias[o] + sum over i of w[o, i] * in[n, i]`.
pub(crate) fn forward<T: Scalar>(shape: WeightShape, input: &[T], weights: &[T], bias: &[T]) -> Vec<T> {
    let mut output = Vec::with_capacity(input.len() / shape.inputs * shape.outputs);
    for x in input.chunks_exact(shape.inputs) {
        for (row, &bias) in weights.chunks_exact(shape.inputs).zip(bias) {
            let mut sum = bias;
            for (&w, &x) in row.iter().zip(x) {
                sum += w * x;
            }
            output.push(sum);
        }
    }
    output
}

/// Gradients of a fully connected layer.
pub(crate) struct LinearGradients<T> {
    pub(crate) input: Vec<T>,
    pub(crate) weight: Vec<T>,
    pub(crate) bias: Vec<T>,
}

/// All gradients, given the one at the output.
pub(crate) fn backward<T: Scalar>(
    shape: WeightShape,
    input: &[T],
    weights: &[T],
    output_gradient: &[T],
) -> LinearGradients<T> {
    let mut gradients = LinearGradients {
        input: vec![T::ZERO; input.len()],
        weight: vec![T::ZERO; shape.len()],
        bias: vec![T::ZERO; shape.outputs],
    };
    let samples = input.chunks_exact(shape.inputs).zip(gradients.input.chunks_exact_mut(shape.inputs));
    for ((x, dx), dout) in samples.zip(output_gradient.chunks_exact(shape.outputs)) {
        for (o, &dout) in dout.iter().enumerate() {
            gradients.bias[o] += dout;
            let row = o * shape.inputs..(o + 1) * shape.inputs;
            for (dx, &w) in dx.iter_mut().zip(&weights[row.clone()]) {
                *dx += dout * w;
            }
            for (dw, &x) in gradients.weight[row].iter_mut().zip(x) {
                *dw += dout * x;
            }
        }
    }
    gradients
}
