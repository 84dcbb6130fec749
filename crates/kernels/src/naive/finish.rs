//! The gradient of an activation.

use crate::{Gate, Grid, NormTerm};

/// What [`finish_gradient`] computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// Planes of `rows * columns`.
    pub gradient: Vec<f64>,
    /// Sum of each plane.
    pub sums: Vec<f64>,
    /// Per norm term the sum of each plane times its centred input.
    pub products: Vec<Vec<f64>>,
}

/// Twin of [`crate::finish_gradient`] for `channels` planes and vectors of `lanes`; the sums start at 0 and those of `terms` are not read.
pub fn finish_gradient(
    g: &[f32],
    grid: Grid,
    step: usize,
    accumulate: bool,
    from: Option<(&[f32], Grid)>,
    extra: &[&[f32]],
    gate: Gate<'_>,
    terms: &[NormTerm<'_>],
    channels: usize,
    rows: usize,
    columns: usize,
    lanes: usize,
) -> Finished {
    let mut gradient = Vec::with_capacity(channels * rows * columns);
    let mut sums = vec![0.0; channels];
    let mut products = vec![vec![0.0; channels]; terms.len()];
    for channel in 0..channels {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let at = grid.at(channel, y) + x / lanes * step * lanes + x % lanes;
            let mut total = if accumulate { f64::from(g[at]) } else { 0.0 };
            if let Some((from, grid)) = from {
                total += f64::from(from[grid.at(channel, y) + x]);
            }
            for extra in extra {
                total += f64::from(extra[at]);
            }
            let passes = match gate {
                Gate::Relu { tile, grid } => tile[grid.at(channel, y) + x] > 0.0,
                Gate::Mask(mask) => mask[x % lanes] > 0.0,
            };
            let total = if passes { total } else { 0.0 };
            gradient.push(total);
            sums[channel] += total;
            for (products, term) in products.iter_mut().zip(terms) {
                let deviation = f64::from(term.planes[at]) - f64::from(term.mean[channel]);
                products[channel] += total * deviation;
            }
        }
    }
    Finished { gradient, sums, products }
}
