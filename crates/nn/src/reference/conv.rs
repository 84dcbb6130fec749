//! Convolution and its two gradients.

use super::Scalar;
use crate::graph::Extent;
use rarefy_core::WeightShape;

/// A convolution over a batch: images `[batch, inputs, h, w]` to `[batch, outputs, out_h, out_w]`, zero padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv {
    pub(crate) weight: WeightShape,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) input: Extent,
    pub(crate) output: Extent,
    pub(crate) batch: usize,
}

/// One weight against one output row: output `output + i` sees input `input + i * stride` for `i` in `0..len`.
pub(crate) struct Run {
    pub(crate) weight: usize,
    pub(crate) output: usize,
    pub(crate) input: usize,
    pub(crate) len: usize,
}

impl Conv {
    /// `out[n, o, y, x] = sum over c, ky, kx of w[o, c, ky, kx] * in[n, c, y*stride + ky - padding, x*stride + kx - padding]`.
    pub(crate) fn forward<T: Scalar>(self, input: &[T], weights: &[T]) -> Vec<T> {
        let mut output = vec![T::ZERO; self.batch * self.output.len()];
        self.for_each_run(|run| {
            let (weight, output) = (weights[run.weight], &mut output[run.output..][..run.len]);
            match self.stride {
                1 => output.iter_mut().zip(&input[run.input..]).for_each(|(out, &x)| *out += weight * x),
                stride => {
                    let seen = input[run.input..].iter().step_by(stride);
                    output.iter_mut().zip(seen).for_each(|(out, &x)| *out += weight * x);
                }
            }
        });
        output
    }

    /// Gradient with respect to the input: every product of `forward` with input and output exchanged.
    pub(crate) fn input_gradient<T: Scalar>(self, output_gradient: &[T], weights: &[T]) -> Vec<T> {
        let mut gradient = vec![T::ZERO; self.batch * self.input.len()];
        self.for_each_run(|run| {
            let (weight, output) = (weights[run.weight], &output_gradient[run.output..][..run.len]);
            let seen = &mut gradient[run.input..];
            match self.stride {
                1 => output.iter().zip(seen).for_each(|(&dout, dx)| *dx += weight * dout),
                stride => {
                    let seen = seen.iter_mut().step_by(stride);
                    output.iter().zip(seen).for_each(|(&dout, dx)| *dx += weight * dout);
                }
            }
        });
        gradient
    }

    /// Gradient with respect to the dense weight: every product of `forward` with weight and output exchanged.
    pub(crate) fn weight_gradient<T: Scalar>(self, input: &[T], output_gradient: &[T]) -> Vec<T> {
        let mut gradient = vec![T::ZERO; self.weight.len()];
        self.for_each_run(|run| {
            let (mut sum, output) = (T::ZERO, &output_gradient[run.output..][..run.len]);
            let seen = &input[run.input..];
            match self.stride {
                1 => output.iter().zip(seen).for_each(|(&dout, &x)| sum += dout * x),
                stride => {
                    let seen = seen.iter().step_by(stride);
                    output.iter().zip(seen).for_each(|(&dout, &x)| sum += dout * x);
                }
            }
            gradient[run.weight] += sum;
        });
        gradient
    }

    /// Visits every (sample, weight, output row) whose products fall inside the image.
    fn for_each_run(&self, mut visit: impl FnMut(Run)) {
        for sample in 0..self.batch {
            for weight in 0..self.weight.len() {
                self.for_each_row(sample, weight, &mut visit);
            }
        }
    }

    /// Visits the output rows of one weight, given by its row-major index, for one sample.
    pub(crate) fn for_each_row(&self, sample: usize, weight: usize, mut visit: impl FnMut(Run)) {
        let (w, input, output) = (self.weight, self.input, self.output);
        let (o, c) = (weight / w.fan_in(), weight / (w.kernel_h * w.kernel_w) % w.inputs);
        let (ky, kx) = (weight / w.kernel_w % w.kernel_h, weight % w.kernel_w);
        let columns = self.inside(kx, input.width, output.width);
        if columns.is_empty() {
            return;
        }
        let in_x = columns.start * self.stride + kx - self.padding;
        for y in self.inside(ky, input.height, output.height) {
            let in_y = y * self.stride + ky - self.padding;
            visit(Run {
                weight,
                output: ((sample * w.outputs + o) * output.height + y) * output.width + columns.start,
                input: ((sample * w.inputs + c) * input.height + in_y) * input.width + in_x,
                len: columns.len(),
            });
        }
    }

    /// Output coordinates `y` for which `y * stride + k - padding` lies in `0..input`.
    fn inside(&self, k: usize, input: usize, output: usize) -> std::ops::Range<usize> {
        let first = self.padding.saturating_sub(k).div_ceil(self.stride);
        let end = (input + self.padding).saturating_sub(k).div_ceil(self.stride).min(output);
        first.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::random::{Purpose, Stream};

    /// The definition, one output at a time, with signed coordinates.
    fn by_definition(conv: Conv, input: &[f64], weights: &[f64]) -> Vec<f64> {
        let (w, i, o) = (conv.weight, conv.input, conv.output);
        let pixel = |sample: usize, c: usize, y: isize, x: isize| {
            let inside = (0..i.height as isize).contains(&y) && (0..i.width as isize).contains(&x);
            let at = || ((sample * i.channels + c) * i.height + y as usize) * i.width + x as usize;
            if inside { input[at()] } else { 0.0 }
        };
        let mut output = Vec::new();
        for sample in 0..conv.batch {
            for at in 0..o.len() {
                let (channel, y, x) = (at / o.area(), at / o.width % o.height, at % o.width);
                let mut sum = 0.0;
                for tap in 0..w.fan_in() {
                    let (c, ky, kx) =
                        (tap / (w.kernel_h * w.kernel_w), tap / w.kernel_w % w.kernel_h, tap % w.kernel_w);
                    let in_y = (y * conv.stride + ky) as isize - conv.padding as isize;
                    let in_x = (x * conv.stride + kx) as isize - conv.padding as isize;
                    sum += weights[channel * w.fan_in() + tap] * pixel(sample, c, in_y, in_x);
                }
                output.push(sum);
            }
        }
        output
    }

    #[test]
    fn forward_is_the_definition_for_every_kernel_stride_padding_and_image() {
        let mut random = Stream::new(1, Purpose::Synthetic, 0);
        let mut normals = |len: usize| (0..len).map(|_| random.normal()).collect::<Vec<f64>>();
        for kernel in [1, 3, 5, 7] {
            for (stride, padding) in
                (1..=2).flat_map(|stride| (0..kernel).map(move |padding| (stride, padding)))
            {
                for (height, width) in [(1, 1), (1, 6), (4, 3), (7, 8)] {
                    if height.min(width) + 2 * padding < kernel {
                        continue;
                    }
                    let out = |size: usize| (size + 2 * padding - kernel) / stride + 1;
                    let conv = Conv {
                        weight: WeightShape::conv(3, 2, kernel, kernel),
                        stride,
                        padding,
                        input: Extent { channels: 2, height, width },
                        output: Extent { channels: 3, height: out(height), width: out(width) },
                        batch: 2,
                    };
                    let (input, weights) = (normals(2 * conv.input.len()), normals(conv.weight.len()));
                    let pairs =
                        conv.forward(&input, &weights).into_iter().zip(by_definition(conv, &input, &weights));
                    for (found, expected) in pairs {
                        assert!((found - expected).abs() < 1e-12, "{conv:?}: {found} is not {expected}");
                    }
                }
            }
        }
    }
}
