//! Sums, means and spread.

/// Mean and sum of squared deviations, two passes.
pub fn moments(values: &[f32]) -> (f64, f64) {
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len().max(1) as f64;
    (mean, values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum())
}

/// Twin of [`crate::plane_sums`] for `channels` planes; starts at 0.
pub fn plane_sums(x: &[f32], stride: usize, positions: usize, channels: usize) -> Vec<f64> {
    let plane = |channel: usize| (0..positions).map(move |p| f64::from(x[channel * stride + p]));
    (0..channels).map(|channel| plane(channel).sum()).collect()
}

/// Twin of [`crate::row_moments`]: per plane the sums of `d` and of `d^2`, `d = (x - shift) * mask`; starts at 0.
pub fn row_moments(
    x: &[f32],
    stride: usize,
    positions: usize,
    mask: &[f32],
    shift: &[f32],
) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0); shift.len()];
    for (channel, (first, second)) in sums.iter_mut().enumerate() {
        for p in 0..positions {
            let d = (f64::from(x[channel * stride + p]) - f64::from(shift[channel])) * f64::from(mask[p]);
            *first += d;
            *second += d * d;
        }
    }
    sums
}
