//! Convolution and its two gradients.

use super::{Bilinear, Scalar};
use crate::graph::Extent;
use rarefy_core::WeightShape;
use rayon::prelude::*;

/// Products from which a convolution is shared among threads.
const WORTH_THREADS: usize = 1 << 20;

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
        T::product(input, weights, &Forward(self))
    }

    /// Gradient with respect to the input: every product of `forward` with input and output exchanged.
    pub(crate) fn input_gradient<T: Scalar>(self, output_gradient: &[T], weights: &[T]) -> Vec<T> {
        T::product(output_gradient, weights, &InputGradient(self))
    }

    /// Gradient with respect to the dense weight: every product of `forward` with weight and output exchanged.
    pub(crate) fn weight_gradient<T: Scalar>(self, input: &[T], output_gradient: &[T]) -> Vec<T> {
        T::product(input, output_gradient, &WeightGradient(self))
    }

    /// Fills the chunks of `tensor` by `fill(index, chunk)`, on the threads at hand if that is worth it. Every number is the
    /// same sum in the same order however many they are.
    fn fill<T: Send>(self, tensor: &mut [T], chunk: usize, fill: impl Fn(usize, &mut [T]) + Sync) {
        let products = self.batch * self.weight.len() * self.output.area();
        if products < WORTH_THREADS || chunk == 0 {
            tensor.chunks_mut(chunk.max(1)).enumerate().for_each(|(index, chunk)| fill(index, chunk));
        } else {
            tensor.par_chunks_mut(chunk).enumerate().for_each(|(index, chunk)| fill(index, chunk));
        }
    }

    /// The rows of each kernel position, from the first output channel's plane to the first input channel's.
    fn taps(&self) -> Vec<Vec<Run>> {
        let rows = |tap| {
            let mut rows = Vec::new();
            self.for_each_row(0, tap, |run| rows.push(run));
            rows
        };
        (0..self.weight.kernel_h * self.weight.kernel_w).map(rows).collect()
    }

    /// Visits every row of every weight of one sample, as `visit(weight, (first input, first output of its planes), row)`.
    fn for_each_tap(&self, taps: &[Vec<Run>], mut visit: impl FnMut(usize, (usize, usize), &Run)) {
        let mut weight = 0;
        for output in 0..self.weight.outputs {
            for input in 0..self.weight.inputs {
                let planes = (input * self.input.area(), output * self.output.area());
                for rows in taps {
                    rows.iter().for_each(|row| visit(weight, planes, row));
                    weight += 1;
                }
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

/// [`Conv::forward`] of numbers without parts.
struct Forward(Conv);

impl Bilinear for Forward {
    fn of<T: Scalar>(&self, input: &[T], weights: &[T]) -> Vec<T> {
        let (conv, taps) = (self.0, self.0.taps());
        let mut output = vec![T::ZERO; conv.batch * conv.output.len()];
        conv.fill(&mut output, conv.output.len(), |sample, output| {
            let input = &input[sample * conv.input.len()..][..conv.input.len()];
            conv.for_each_tap(&taps, |weight, (from, to), run| {
                let (weight, output) = (weights[weight], &mut output[to + run.output..][..run.len]);
                let seen = &input[from + run.input..];
                match conv.stride {
                    1 => output.iter_mut().zip(seen).for_each(|(out, &x)| *out += weight * x),
                    stride => {
                        let seen = seen.iter().step_by(stride);
                        output.iter_mut().zip(seen).for_each(|(out, &x)| *out += weight * x);
                    }
                }
            });
        });
        output
    }
}

/// [`Conv::input_gradient`] of numbers without parts.
struct InputGradient(Conv);

impl Bilinear for InputGradient {
    fn of<T: Scalar>(&self, output_gradient: &[T], weights: &[T]) -> Vec<T> {
        let (conv, taps) = (self.0, self.0.taps());
        let mut gradient = vec![T::ZERO; conv.batch * conv.input.len()];
        conv.fill(&mut gradient, conv.input.len(), |sample, gradient| {
            let output = &output_gradient[sample * conv.output.len()..][..conv.output.len()];
            conv.for_each_tap(&taps, |weight, (from, to), run| {
                let (weight, output) = (weights[weight], &output[to + run.output..][..run.len]);
                let seen = &mut gradient[from + run.input..];
                match conv.stride {
                    1 => output.iter().zip(seen).for_each(|(&dout, dx)| *dx += weight * dout),
                    stride => {
                        let seen = seen.iter_mut().step_by(stride);
                        output.iter().zip(seen).for_each(|(&dout, dx)| *dx += weight * dout);
                    }
                }
            });
        });
        gradient
    }
}

/// [`Conv::weight_gradient`] of numbers without parts.
struct WeightGradient(Conv);

impl Bilinear for WeightGradient {
    fn of<T: Scalar>(&self, input: &[T], output_gradient: &[T]) -> Vec<T> {
        let (conv, taps) = (self.0, self.0.taps());
        let mut gradient = vec![T::ZERO; conv.weight.len()];
        conv.fill(&mut gradient, conv.weight.fan_in(), |channel, gradient| {
            let one = Conv { weight: WeightShape { outputs: 1, ..conv.weight }, ..conv };
            for sample in 0..conv.batch {
                let input = &input[sample * conv.input.len()..][..conv.input.len()];
                let plane = (sample * conv.weight.outputs + channel) * conv.output.area();
                let output = &output_gradient[plane..][..conv.output.area()];
                one.for_each_tap(&taps, |weight, (from, _), run| {
                    let (output, seen) = (&output[run.output..][..run.len], &input[from + run.input..]);
                    gradient[weight] += match conv.stride {
                        1 => dot(output, &seen[..run.len]),
                        stride => (output.iter().zip(seen.iter().step_by(stride)))
                            .fold(T::ZERO, |sum, (&dout, &x)| sum + dout * x),
                    };
                });
            }
        });
        gradient
    }
}

/// Sum of products, in four sums side by side.
fn dot<T: Scalar>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::ZERO; 4];
    let (a, b) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.0.iter().zip(b.0) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest = a.1.iter().zip(b.1).fold(T::ZERO, |sum, (&a, &b)| sum + a * b);
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
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
    fn products_of_duals_are_those_of_their_parts_in_every_direction() {
        use super::super::Dual;
        for (stride, batch) in [(1, 2), (2, 3), (1, 400)] {
            let conv = Conv {
                weight: WeightShape::conv(4, 3, 3, 3),
                stride,
                padding: 1,
                input: Extent { channels: 3, height: 6, width: 7 },
                output: Extent { channels: 4, height: 5 / stride + 1, width: 6 / stride + 1 },
                batch,
            };
            let mut random = Stream::new(2, Purpose::Synthetic, 0);
            let mut duals = |len: usize| {
                let dual = |_| Dual { value: random.normal(), tangent: random.normal() };
                (0..len).map(dual).collect::<Vec<Dual<f64>>>()
            };
            let (input, output) = (duals(batch * conv.input.len()), duals(batch * conv.output.len()));
            let weights = duals(conv.weight.len());
            // `of` computes with duals one by one.
            for (found, expected) in [
                (conv.forward(&input, &weights), Forward(conv).of(&input, &weights)),
                (conv.input_gradient(&output, &weights), InputGradient(conv).of(&output, &weights)),
                (conv.weight_gradient(&input, &output), WeightGradient(conv).of(&input, &output)),
            ] {
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (batch as f64 + b.abs());
                    let fits = near(found.value, expected.value) && near(found.tangent, expected.tangent);
                    assert!(fits, "{conv:?}: {found:?} is not {expected:?}");
                }
            }
        }
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
