//! Completes the gradient of an activation: sums its parts, applies the ReLU gate, takes batch norm's sums.

use crate::Isa;
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};

/// Where a gradient passes.
#[derive(Clone, Copy, Debug)]
pub enum Gate<'a> {
    /// Where the ReLU's output is positive: planes at `lead + c * stride` of a tile (zero outside the image).
    Relu {
        /// The evaluated activation.
        tile: &'a [f32],
        /// Start of the first plane.
        lead: usize,
        /// Distance of planes.
        stride: usize,
    },
    /// Everywhere inside the image: one 0/1 number per position.
    Mask(&'a [f32]),
}

/// A batch norm whose output the activation is a sum of.
#[derive(Debug)]
pub struct NormTerm<'a> {
    /// Its input planes.
    pub planes: &'a [f32],
    /// Batch mean per channel.
    pub mean: &'a [f32],
    /// Per channel `sum g * (x - mean)`, added to.
    pub sums: &'a mut [f64],
}

/// `g[c][p] = gate * (g[c][p] if accumulate + from[c][p] + sum of extra[..][c][p])`; adds `sum_p g` to `sums[c]` and each
/// norm term's product sums.
///
/// # Shapes
/// `g`, `extra` and the terms' planes are `stride` apart, `from` (optional) `from_stride`. `positions` is a multiple of
/// the lanes. At most two `extra` and two `terms`.
///
/// # Panics
/// If a slice is too short or there are more than two extras or terms.
pub fn finish_gradient(
    isa: Isa,
    g: &mut [f32],
    accumulate: bool,
    from: Option<(&[f32], usize)>,
    extra: &[&[f32]],
    gate: Gate<'_>,
    terms: &mut [NormTerm<'_>],
    sums: &mut [f64],
    stride: usize,
    positions: usize,
) {
    assert!(positions.is_multiple_of(isa.lanes()), "positions must be a multiple of the lanes");
    assert!(extra.len() <= 2 && terms.len() <= 2, "at most two extra gradients and two norms");
    isa.run(Finish { g, accumulate, from, extra, gate, terms, sums, stride, positions });
}

struct Finish<'a, 'b> {
    g: &'a mut [f32],
    accumulate: bool,
    from: Option<(&'a [f32], usize)>,
    extra: &'a [&'a [f32]],
    gate: Gate<'a>,
    terms: &'a mut [NormTerm<'b>],
    sums: &'a mut [f64],
    stride: usize,
    positions: usize,
}

impl Kernel for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let n = self.positions;
        for channel in 0..self.sums.len() {
            let at = channel * self.stride;
            let g: &mut [L::V] = vectors_mut(&mut self.g[at..at + n]);
            let count = g.len();
            if let Some((from, from_stride)) = self.from {
                let start = channel * from_stride;
                let from: &[L::V] = vectors(&from[start..start + n]);
                if self.accumulate {
                    for (g, &from) in g.iter_mut().zip(from) {
                        *g = lanes.add(*g, from);
                    }
                } else {
                    g.copy_from_slice(&from[..count]);
                }
            } else if !self.accumulate {
                g.fill(lanes.zero());
            }
            for extra in self.extra {
                let extra: &[L::V] = vectors(&extra[at..at + n]);
                for (g, &extra) in g.iter_mut().zip(extra) {
                    *g = lanes.add(*g, extra);
                }
            }
            let mut sum = lanes.zero();
            match self.gate {
                Gate::Relu { tile, lead, stride } => {
                    let start = lead + channel * stride;
                    let gate: &[L::V] = vectors(&tile[start..start + n]);
                    for (g, &gate) in g.iter_mut().zip(gate) {
                        *g = lanes.where_positive(gate, *g);
                        sum = lanes.add(sum, *g);
                    }
                }
                Gate::Mask(mask) => {
                    let mask: &[L::V] = vectors(&mask[..n]);
                    for (g, &mask) in g.iter_mut().zip(mask) {
                        *g = lanes.where_positive(mask, *g);
                        sum = lanes.add(sum, *g);
                    }
                }
            }
            self.sums[channel] += f64::from(lanes.sum(sum));
            for term in self.terms.iter_mut() {
                let x: &[L::V] = vectors(&term.planes[at..at + n]);
                let minus_mean = lanes.splat(-term.mean[channel]);
                let mut sum = lanes.zero();
                for (&g, &x) in g.iter().zip(x) {
                    sum = lanes.mul_add(g, lanes.add(x, minus_mean), sum);
                }
                term.sums[channel] += f64::from(lanes.sum(sum));
            }
        }
    }
}
