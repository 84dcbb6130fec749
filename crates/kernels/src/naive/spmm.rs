//! Sparse matrix times shifted planes.

use crate::Taps;

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

/// Twin of [`crate::Epilogue::Bias`]: one plane per bias.
pub fn spmm_bias(taps: Taps<'_>, input: &[f32], bias: &[f32], mask: &[f32], positions: usize) -> Vec<f64> {
    let mut out = spmm(taps, input, bias.len(), positions);
    for (i, out) in out.iter_mut().enumerate() {
        *out = (*out + f64::from(bias[i / positions])) * f64::from(mask[i % positions]);
    }
    out
}

/// Twin of what [`crate::Epilogue::Moments`] writes; [`super::row_moments`] of it is what it sums.
pub fn spmm_masked(
    taps: Taps<'_>,
    input: &[f32],
    outputs: usize,
    mask: &[f32],
    positions: usize,
) -> Vec<f64> {
    spmm_bias(taps, input, &vec![0.0; outputs], mask, positions)
}
