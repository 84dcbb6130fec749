//! Sampled dense-dense product.

use crate::{Grid, Taps};

/// Twin of [`crate::sddmm`]: one total per weight, in tap order.
pub fn sddmm(
    taps: Taps<'_>,
    gradient: &[f32],
    grid: Grid,
    input: &[f32],
    input_row: usize,
    rows: usize,
    columns: usize,
) -> Vec<f64> {
    let mut out = vec![0.0; taps.offsets.len() * taps.rows];
    for (index, range) in taps.starts.windows(2).enumerate() {
        for tap in range[0] as usize..range[1] as usize {
            for r in 0..taps.rows {
                let plane = (index % taps.groups) * taps.rows + r;
                for y in 0..rows {
                    for x in 0..columns {
                        let g = f64::from(gradient[grid.at(plane, y) + x]);
                        let read = f64::from(input[taps.offsets[tap] as usize + y * input_row + x]);
                        out[tap * taps.rows + r] += g * read;
                    }
                }
            }
        }
    }
    out
}

/// Twin of [`crate::lane_sums`].
pub fn lane_sums(accumulators: &[f32], lanes: usize) -> Vec<f64> {
    accumulators.chunks_exact(lanes).map(|vector| vector.iter().map(|&x| f64::from(x)).sum()).collect()
}
