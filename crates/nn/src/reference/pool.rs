//! Global average pooling and max pooling.

use super::Scalar;
use crate::graph::{Extent, PoolWindow};

/// Mean of each plane of `area` numbers: `[batch, channels, h, w]` to `[batch, channels]`.
pub(crate) fn forward<T: Scalar>(input: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    let mean = |plane: &[T]| {
        let mut sum = T::ZERO;
        plane.iter().for_each(|&x| sum += x);
        sum / divisor
    };
    input.chunks_exact(area).map(mean).collect()
}

/// Each plane's gradient, spread evenly over its `area` numbers.
pub(crate) fn backward<T: Scalar>(output_gradient: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    output_gradient.iter().flat_map(|&dout| std::iter::repeat_n(dout / divisor, area)).collect()
}

/// Largest number of each window: `[batch, channels, h, w]` of `input` extent to its pooled planes.
pub(crate) fn max_forward<T: Scalar>(x: &[T], input: Extent, window: PoolWindow) -> Vec<T> {
    let mut out = Vec::new();
    for plane in x.chunks_exact(input.area()) {
        for_each_window(input, window, |winner| out.push(plane[winner(plane)]));
    }
    out
}

/// Each output's gradient, given to its window's first largest number.
pub(crate) fn max_backward<T: Scalar>(
    x: &[T],
    input: Extent,
    window: PoolWindow,
    output_gradient: &[T],
) -> Vec<T> {
    let mut gradient = vec![T::ZERO; x.len()];
    let mut dout = output_gradient.iter();
    for (plane, gradient) in x.chunks_exact(input.area()).zip(gradient.chunks_exact_mut(input.area())) {
        for_each_window(input, window, |winner| {
            if let Some(&dout) = dout.next() {
                gradient[winner(plane)] += dout;
            }
        });
    }
    gradient
}

/// Whether `x` takes the place of the largest number so far: it is larger, or not a number, which must not be lost.
fn beats<T: Scalar>(x: T, best: T) -> bool {
    x > best || x.partial_cmp(&x).is_none()
}

/// Calls `visit` for every window in row-major order with a function that finds the winner's index in a plane.
fn for_each_window<T: Scalar>(
    input: Extent,
    window: PoolWindow,
    mut visit: impl FnMut(&dyn Fn(&[T]) -> usize),
) {
    for oy in 0..window.count(input.height) {
        for ox in 0..window.count(input.width) {
            let (rows, columns) = (window.covers(oy, input.height), window.covers(ox, input.width));
            visit(&|plane: &[T]| {
                let mut best = rows.start * input.width + columns.start;
                for y in rows.clone() {
                    for x in columns.clone() {
                        let here = y * input.width + x;
                        if beats(plane[here], plane[best]) {
                            best = here;
                        }
                    }
                }
                best
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::random::{Purpose, Stream};

    /// Two planes of few different numbers, so that windows hold ties.
    fn planes(input: Extent) -> Vec<f64> {
        let mut random = Stream::new(5, Purpose::Synthetic, input.area() as u64);
        (0..input.len()).map(|_| random.below(4) as f64 - 2.0).collect()
    }

    #[test]
    fn max_pools_are_the_definition_for_every_kernel_stride_padding_and_image() {
        for (height, width, kernel) in
            (1..=5).flat_map(|height| (1..=5).flat_map(move |width| (1..=4).map(move |k| (height, width, k))))
        {
            let input = Extent { channels: 2, height, width };
            let x = planes(input);
            for (stride, padding) in
                (1..=3).flat_map(|stride| (0..kernel).map(move |padding| (stride, padding)))
            {
                let window = PoolWindow { kernel, stride, padding };
                if height.min(width) + 2 * padding < kernel {
                    continue;
                }
                // The image in a frame that never wins, with each pixel's place.
                let (rows, columns) = (height + 2 * padding, width + 2 * padding);
                let framed = |channel: usize, y: usize, x: usize| {
                    let inside =
                        (padding..padding + height).contains(&y) && (padding..padding + width).contains(&x);
                    inside.then(|| channel * input.area() + (y - padding) * width + x - padding)
                };
                let (mut expected, mut gradient) = (Vec::new(), vec![0.0; x.len()]);
                for channel in 0..2 {
                    for top in (0..=rows - kernel).step_by(stride) {
                        for left in (0..=columns - kernel).step_by(stride) {
                            let mut best: Option<usize> = None;
                            for (ky, kx) in (0..kernel).flat_map(|ky| (0..kernel).map(move |kx| (ky, kx))) {
                                if let Some(place) = framed(channel, top + ky, left + kx)
                                    && best.is_none_or(|best| x[place] > x[best])
                                {
                                    best = Some(place);
                                }
                            }
                            let best = best.expect("padding is below the kernel");
                            expected.push(x[best]);
                            gradient[best] += expected.len() as f64;
                        }
                    }
                }
                let found = max_forward(&x, input, window);
                assert_eq!(found, expected, "{window:?} on {input:?}");
                let slopes: Vec<f64> = (1..=found.len()).map(|place| place as f64).collect();
                assert_eq!(max_backward(&x, input, window, &slopes), gradient, "{window:?} on {input:?}");
            }
        }
    }

    #[test]
    fn not_a_number_wins_wherever_it_is_in_the_window() {
        let (input, window) =
            (Extent { channels: 1, height: 2, width: 2 }, PoolWindow { kernel: 2, stride: 2, padding: 0 });
        for place in 0..4 {
            let mut x = vec![1.0, 3.0, 2.0, 3.0];
            x[place] = f64::NAN;
            assert!(max_forward(&x, input, window)[0].is_nan());
            assert_eq!(max_backward(&x, input, window, &[1.0])[place], 1.0);
        }
    }
}
