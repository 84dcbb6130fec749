//! Pools.

use crate::{Grid, Pooled};
use std::ops::Range;

/// Twin of [`crate::max_pool`]: `[channel][row of windows][window][lane]`.
pub fn max_pool(pooled: Pooled<'_>, windows: Range<usize>, lanes: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for channel in 0..pooled.channels {
        for y in windows.clone() {
            for x in 0..pooled.window.count(pooled.extent.1) {
                for lane in 0..lanes {
                    let places = places(pooled, channel, y, x, lane, lanes);
                    out.push(f64::from(pooled.input[largest(pooled.input, &places)]));
                }
            }
        }
    }
    out
}

/// Twin of [`crate::max_pool_gradient`]: like the input, zero where it has no pixels.
pub fn max_pool_gradient(
    pooled: Pooled<'_>,
    windows: Range<usize>,
    output_gradient: &[f32],
    from: Grid,
    lanes: usize,
) -> Vec<f64> {
    let mut gradient = vec![0.0; pooled.input.len()];
    for channel in 0..pooled.channels {
        for y in windows.clone() {
            for x in 0..pooled.window.count(pooled.extent.1) {
                for lane in 0..lanes {
                    let places = places(pooled, channel, y, x, lane, lanes);
                    let from = from.at(channel, y - windows.start) + x * lanes + lane;
                    gradient[largest(pooled.input, &places)] += f64::from(output_gradient[from]);
                }
            }
        }
    }
    gradient
}

/// Where the numbers of a window are, row by row.
fn places(pooled: Pooled<'_>, channel: usize, y: usize, x: usize, lane: usize, lanes: usize) -> Vec<usize> {
    let Pooled { window, extent: (height, width), grid, first_row, .. } = pooled;
    let rows = window.covers(y, height);
    let row = |row: usize| grid.at(channel, row - first_row);
    rows.flat_map(|y| window.covers(x, width).map(move |x| row(y) + x * lanes + lane)).collect()
}

/// The first place of the largest number, or the last of those that are none.
fn largest(numbers: &[f32], places: &[usize]) -> usize {
    let larger = |best, place| {
        let (x, so_far): (f32, f32) = (numbers[place], numbers[best]);
        if x > so_far || x.is_nan() { place } else { best }
    };
    places.iter().copied().reduce(larger).unwrap_or(0)
}

/// Twin of [`crate::average_pool`].
pub fn average_pool(
    input: &[f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    channels: usize,
    lanes: usize,
) -> Vec<f64> {
    let mut means = vec![0.0; channels * lanes];
    for (i, mean) in means.iter_mut().enumerate() {
        let (channel, lane) = (i / lanes, i % lanes);
        let numbers =
            (0..rows).flat_map(|y| (lane..columns).step_by(lanes).map(move |x| grid.at(channel, y) + x));
        let (sum, count) =
            numbers.fold((0.0, 0.0), |(sum, count), at| (sum + f64::from(input[at]), count + 1.0));
        *mean = sum / count;
    }
    means
}
