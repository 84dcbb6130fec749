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
    fn run<L: Lanes>(mut self, lanes: L) {
        for channel in 0..self.sums.len() {
            match (self.accumulate, usize::from(self.from.is_some()) + self.extra.len()) {
                (false, 0) => self.norms::<L, false, 0>(lanes, channel),
                (false, 1) => self.norms::<L, false, 1>(lanes, channel),
                (false, 2) => self.norms::<L, false, 2>(lanes, channel),
                (false, _) => self.norms::<L, false, 3>(lanes, channel),
                (true, 0) => self.norms::<L, true, 0>(lanes, channel),
                (true, 1) => self.norms::<L, true, 1>(lanes, channel),
                (true, 2) => self.norms::<L, true, 2>(lanes, channel),
                (true, _) => self.norms::<L, true, 3>(lanes, channel),
            }
        }
    }
}

impl Finish<'_, '_> {
    #[inline(always)]
    fn norms<L: Lanes, const ACCUMULATE: bool, const PARTS: usize>(&mut self, lanes: L, channel: usize) {
        match self.terms.len() {
            0 => self.channel::<L, ACCUMULATE, PARTS, 0>(lanes, channel),
            1 => self.channel::<L, ACCUMULATE, PARTS, 1>(lanes, channel),
            _ => self.channel::<L, ACCUMULATE, PARTS, 2>(lanes, channel),
        }
    }

    /// One pass over a channel's planes: everything is read once and written once.
    #[inline(always)]
    fn channel<L: Lanes, const ACCUMULATE: bool, const PARTS: usize, const NORMS: usize>(
        &mut self,
        lanes: L,
        channel: usize,
    ) {
        let n = self.positions;
        let at = channel * self.stride;
        let planes = |x: &'_ [f32], start: usize| start..(start + n).min(x.len());
        let own = usize::from(self.from.is_some());
        let parts: [&[L::V]; PARTS] = std::array::from_fn(|part| match (self.from, part) {
            (Some((from, from_stride)), 0) => vectors(&from[planes(from, channel * from_stride)]),
            _ => vectors(&self.extra[part - own][planes(self.extra[part - own], at)]),
        });
        let gate: &[L::V] = match self.gate {
            Gate::Relu { tile, lead, stride } => vectors(&tile[planes(tile, lead + channel * stride)]),
            Gate::Mask(mask) => vectors(&mask[..n]),
        };
        let inputs: [&[L::V]; NORMS] = std::array::from_fn(|term| {
            vectors(&self.terms[term].planes[planes(self.terms[term].planes, at)])
        });
        let minus_mean: [L::V; NORMS] =
            std::array::from_fn(|term| lanes.splat(-self.terms[term].mean[channel]));
        let g: &mut [L::V] = vectors_mut(&mut self.g[at..at + n]);
        let count = g.len();
        let parts: [&[L::V]; PARTS] = std::array::from_fn(|part| &parts[part][..count]);
        let inputs: [&[L::V]; NORMS] = std::array::from_fn(|term| &inputs[term][..count]);
        let gate = &gate[..count];
        let mut sum = lanes.zero();
        let mut products = [lanes.zero(); NORMS];
        for p in 0..count {
            let mut total = if ACCUMULATE { g[p] } else { lanes.zero() };
            for part in parts {
                total = lanes.add(total, part[p]);
            }
            let total = lanes.where_positive(gate[p], total);
            g[p] = total;
            sum = lanes.add(sum, total);
            for term in 0..NORMS {
                let deviation = lanes.add(inputs[term][p], minus_mean[term]);
                products[term] = lanes.mul_add(total, deviation, products[term]);
            }
        }
        self.sums[channel] += f64::from(lanes.sum(sum));
        for (term, &product) in self.terms.iter_mut().zip(&products) {
            term.sums[channel] += f64::from(lanes.sum(product));
        }
    }
}
