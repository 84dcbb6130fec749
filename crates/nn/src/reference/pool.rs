//! Global average pooling and max pooling.

use super::Scalar;
use crate::graph::{Extent, PoolWindow};

/// Mean of each plane of `area` numbers: `[batch, channels, h, w]` to `[batch, channels]`.
pub(super) fn forward<T: Scalar>(input: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    let mean = |plane: &[T]| {
        let mut sum = T::ZERO;
        plane.iter().for_each(|&x| sum += x);
        sum / divisor
    };
    input.chunks_exact(area).map(mean).collect()
}

/// Each plane's gradient, spread evenly over its `area` numbers.
pub(super) fn backward<T: Scalar>(output_gradient: &[T], area: usize) -> Vec<T> {
    let divisor = T::from_f64(area as f64);
    output_gradient.iter().flat_map(|&dout| std::iter::repeat_n(dout / divisor, area)).collect()
}

/// Largest number of each window: `[batch, channels, h, w]` of `input` extent to its pooled planes.
pub(super) fn max_forward<T: Scalar>(x: &[T], input: Extent, window: PoolWindow) -> Vec<T> {
    let mut out = Vec::new();
    for plane in x.chunks_exact(input.area()) {
        for_each_window(input, window, |winner| out.push(plane[winner(plane)]));
    }
    out
}

/// Each output's gradient, given to its window's first largest number.
pub(super) fn max_backward<T: Scalar>(
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
                        if plane[here] > plane[best] {
                            best = here;
                        }
                    }
                }
                best
            });
        }
    }
}
