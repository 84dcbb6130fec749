//! Sampled dense-dense product.

use crate::Taps;

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

/// Twin of [`crate::reduce_accumulators`]: the total of each entry of `order`, wherever it goes.
pub fn reduce_accumulators(accumulators: &[f32], weights: usize, lanes: usize) -> Vec<f64> {
    let mut totals = vec![0.0; weights];
    for (i, &partial) in accumulators.iter().enumerate() {
        totals[i / lanes % weights] += f64::from(partial);
    }
    totals
}
