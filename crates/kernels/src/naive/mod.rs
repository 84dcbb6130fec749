//! Scalar twins of the kernels: one number at a time, in f64, for tests to compare with.

use crate::{Taps, Term};

/// Twin of [`crate::spmm`] without an epilogue.
pub fn spmm(taps: Taps<'_>, input: &[f32], outputs: usize, positions: usize) -> Vec<f64> {
    let mut out = vec![0.0; outputs * positions];
    for output in 0..outputs {
        let (group, r) = (output / taps.rows, output % taps.rows);
        for tap in taps.starts[group] as usize..taps.starts[group + 1] as usize {
            for p in 0..positions {
                let x = f64::from(input[taps.offsets[tap] as usize + p]);
                out[output * positions + p] += f64::from(taps.values[tap * taps.rows + r]) * x;
            }
        }
    }
    out
}

/// Twin of [`crate::sddmm`]: one total per weight, in tap order.
pub fn sddmm(taps: Taps<'_>, gradient: &[f32], stride: usize, input: &[f32], positions: usize) -> Vec<f64> {
    let mut out = vec![0.0; taps.offsets.len() * taps.rows];
    for group in 0..taps.groups() {
        for tap in taps.starts[group] as usize..taps.starts[group + 1] as usize {
            for r in 0..taps.rows {
                out[tap * taps.rows + r] = (0..positions)
                    .map(|p| {
                        let g = f64::from(gradient[(group * taps.rows + r) * stride + p]);
                        g * f64::from(input[taps.offsets[tap] as usize + p])
                    })
                    .sum();
            }
        }
    }
    out
}

/// Twin of [`crate::combine`]: planes of `positions`, without a tile around them.
pub fn combine(
    terms: &[Term<'_>],
    relu: bool,
    mask: &[f32],
    stride: usize,
    positions: usize,
    channels: usize,
) -> Vec<f64> {
    let mut out = Vec::with_capacity(channels * positions);
    for channel in 0..channels {
        for p in 0..positions {
            let mut sum = 0.0;
            for term in terms {
                let (scale, shift) =
                    term.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
                sum += f64::from(scale) * f64::from(term.planes[channel * stride + p]) + f64::from(shift);
            }
            let active = if relu { sum.max(0.0) } else { sum };
            out.push(active * f64::from(mask[p]));
        }
    }
    out
}

/// Mean and sum of squared deviations, two passes.
pub fn moments(values: &[f32]) -> (f64, f64) {
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len().max(1) as f64;
    (mean, values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum())
}
