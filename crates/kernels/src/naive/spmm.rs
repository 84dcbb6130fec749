//! Sparse matrix times shifted planes.

use crate::Taps;

/// Twin of [`crate::spmm`] without an epilogue: planes of `rows * columns`.
pub fn spmm(taps: Taps<'_>, input: &[f32], input_row: usize, rows: usize, columns: usize) -> Vec<f64> {
    let mut out = vec![0.0; taps.groups * taps.rows * rows * columns];
    for (index, range) in taps.starts.windows(2).enumerate() {
        for tap in range[0] as usize..range[1] as usize {
            for r in 0..taps.rows {
                let plane = (index % taps.groups) * taps.rows + r;
                for y in 0..rows {
                    for x in 0..columns {
                        let read = f64::from(input[taps.offsets[tap] as usize + y * input_row + x]);
                        out[(plane * rows + y) * columns + x] +=
                            f64::from(taps.values[tap * taps.rows + r]) * read;
                    }
                }
            }
        }
    }
    out
}

/// Twin of [`crate::Epilogue::Bias`]: one plane per bias.
pub fn spmm_bias(
    taps: Taps<'_>,
    input: &[f32],
    input_row: usize,
    bias: &[f32],
    mask: &[f32],
    rows: usize,
    columns: usize,
) -> Vec<f64> {
    let mut out = spmm(taps, input, input_row, rows, columns);
    for (i, out) in out.iter_mut().enumerate() {
        *out = (*out + f64::from(bias[i / (rows * columns)])) * f64::from(mask[i % columns % mask.len()]);
    }
    out
}

/// Twin of what [`crate::Epilogue::Moments`] writes; [`super::row_moments`] of it is what it sums.
pub fn spmm_masked(
    taps: Taps<'_>,
    input: &[f32],
    input_row: usize,
    mask: &[f32],
    rows: usize,
    columns: usize,
) -> Vec<f64> {
    spmm_bias(taps, input, input_row, &vec![0.0; taps.groups * taps.rows], mask, rows, columns)
}
