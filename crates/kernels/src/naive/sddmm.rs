//! Sampled dense-dense product.

use crate::{GradientPlanes, Taps};

/// Twin of [`crate::sddmm`]: one total per weight, in tap order.
pub fn sddmm(taps: Taps<'_>, gradient: GradientPlanes<'_>, input: &[f32], positions: usize) -> Vec<f64> {
    let mut out = vec![0.0; taps.offsets.len() * taps.rows];
    for group in 0..taps.groups() {
        for (tap, by) in super::taps_of(taps, group) {
            for r in 0..taps.rows {
                let plane = &gradient.planes[gradient.lead + (group * taps.rows + r) * gradient.stride..];
                out[tap * taps.rows + r] = (0..positions)
                    .map(|p| {
                        let g = super::moved(taps, p, -by).map_or(0.0, |from| f64::from(plane[from]));
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
