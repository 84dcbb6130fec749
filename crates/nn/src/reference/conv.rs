//! Convolution and its two gradients.

use super::Scalar;
use crate::graph::Extent;
use rarefy_core::WeightShape;

/// A convolution over a batch: images `[batch, inputs, h, w]` to `[batch, outputs, out_h, out_w]`, zero padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conv {
    pub(super) weight: WeightShape,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) input: Extent,
    pub(super) output: Extent,
    pub(super) batch: usize,
}

/// One weight against one output row: output `output + i` sees input `input + i * stride` for `i` in `0..len`.
struct Run {
    weight: usize,
    output: usize,
    input: usize,
    len: usize,
}

impl Conv {
    /// `out[n, o, y, x] = sum over c, ky, kx of w[o, c, ky, kx] * in[n, c, y*stride + ky - padding, x*stride + kx - padding]`.
    pub(super) fn forward<T: Scalar>(self, input: &[T], weights: &[T]) -> Vec<T> {
        let mut output = vec![T::ZERO; self.batch * self.output.len()];
        self.for_each_run(|run| {
            let weight = weights[run.weight];
            for (out, &x) in output[run.output..][..run.len].iter_mut().zip(self.seen(&run, input)) {
                *out += weight * x;
            }
        });
        output
    }

    /// Gradient with respect to the input: every product of `forward` with input and output exchanged.
    pub(super) fn input_gradient<T: Scalar>(self, output_gradient: &[T], weights: &[T]) -> Vec<T> {
        let mut gradient = vec![T::ZERO; self.batch * self.input.len()];
        self.for_each_run(|run| {
            let weight = weights[run.weight];
            let seen = gradient[run.input..].iter_mut().step_by(self.stride);
            for (dx, &dout) in seen.zip(&output_gradient[run.output..][..run.len]) {
                *dx += weight * dout;
            }
        });
        gradient
    }

    /// Gradient with respect to the dense weight: every product of `forward` with weight and output exchanged.
    pub(super) fn weight_gradient<T: Scalar>(self, input: &[T], output_gradient: &[T]) -> Vec<T> {
        let mut gradient = vec![T::ZERO; self.weight.len()];
        self.for_each_run(|run| {
            let mut sum = T::ZERO;
            for (&dout, &x) in output_gradient[run.output..][..run.len].iter().zip(self.seen(&run, input)) {
                sum += dout * x;
            }
            gradient[run.weight] += sum;
        });
        gradient
    }

    fn seen<'a, T>(&self, run: &Run, input: &'a [T]) -> impl Iterator<Item = &'a T> + use<'a, T> {
        input[run.input..].iter().step_by(self.stride)
    }

    /// Visits every (sample, weight, output row) whose products fall inside the image.
    fn for_each_run(&self, mut visit: impl FnMut(Run)) {
        let (w, input, output) = (self.weight, self.input, self.output);
        for sample in 0..self.batch {
            for o in 0..w.outputs {
                for c in 0..w.inputs {
                    for ky in 0..w.kernel_h {
                        let rows = self.inside(ky, input.height, output.height);
                        for kx in 0..w.kernel_w {
                            let columns = self.inside(kx, input.width, output.width);
                            if columns.is_empty() {
                                continue;
                            }
                            let in_x = columns.start * self.stride + kx - self.padding;
                            for y in rows.clone() {
                                let in_y = y * self.stride + ky - self.padding;
                                visit(Run {
                                    weight: ((o * w.inputs + c) * w.kernel_h + ky) * w.kernel_w + kx,
                                    output: ((sample * w.outputs + o) * output.height + y) * output.width
                                        + columns.start,
                                    input: ((sample * w.inputs + c) * input.height + in_y) * input.width
                                        + in_x,
                                    len: columns.len(),
                                });
                            }
                        }
                    }
                }
            }
        }
    }

    /// Output coordinates `y` for which `y * stride + k - padding` lies in `0..input`.
    fn inside(&self, k: usize, input: usize, output: usize) -> std::ops::Range<usize> {
        let first = self.padding.saturating_sub(k).div_ceil(self.stride);
        let end = (input + self.padding).saturating_sub(k).div_ceil(self.stride).min(output);
        first.min(end)..end
    }
}
