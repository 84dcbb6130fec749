//! Sums, means and spread.

use crate::Grid;

/// Mean and sum of squared deviations, two passes.
pub fn moments(values: &[f32]) -> (f64, f64) {
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len().max(1) as f64;
    (mean, values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum())
}

/// Twin of [`crate::plane_sums`] for `channels` planes; starts at 0.
pub fn plane_sums(x: &[f32], grid: Grid, rows: usize, columns: usize, channels: usize) -> Vec<f64> {
    (0..channels).map(|channel| plane(x, grid, channel, rows, columns).sum()).collect()
}

/// Twin of [`crate::row_moments`]: per plane the sums of `d` and of `d^2`, `d = (x - shift) * mask`; starts at 0.
pub fn row_moments(
    x: &[f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    mask: &[f32],
    shift: &[f32],
) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); shift.len()];
    for (channel, (first, second)) in sums.iter_mut().enumerate() {
        for (i, x) in plane(x, grid, channel, rows, columns).enumerate() {
            let d = (x - f64::from(shift[channel])) * f64::from(mask[i % columns % mask.len()]);
            *first += d;
            *second += d * d;
        }
    }
    sums
}

/// The numbers of one plane, row by row.
fn plane(
    x: &[f32],
    grid: Grid,
    channel: usize,
    rows: usize,
    columns: usize,
) -> impl Iterator<Item = f64> + use<'_> {
    (0..rows).flat_map(move |y| x[grid.at(channel, y)..][..columns].iter().map(|&x| f64::from(x)))
}
