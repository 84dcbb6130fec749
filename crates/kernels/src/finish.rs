//! Completes the gradient of an activation: sums its parts, applies the ReLU gate, takes batch norm's sums.

use crate::ahead::prefetch_beyond;
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Grid, Isa, MAX_LANES};

/// Numbers per channel that [`finish_gradient`] keeps its sums in: one vector for itself and one for each norm.
pub const FINISH_SCRATCH: usize = 3 * MAX_LANES;

/// Where a gradient passes.
#[derive(Clone, Copy, Debug)]
pub enum Gate<'a> {
    /// Where the ReLU's output is positive.
    Relu {
        /// The evaluated activation, zero in lanes that are no sample.
        tile: &'a [f32],
        /// Where its planes are.
        grid: Grid,
    },
    /// In the lanes that are samples: one 0/1 number per lane.
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

/// `g = gate * (g if accumulate + from + sum of extra)` for every channel, row `y` in `0..rows` and column; adds `sum g` to `sums[c]` and
/// each norm term's product sums.
///
/// # Shapes
/// The rows of `g`, `extra` and the terms' planes are placed as `grid` says, and every `step`-th vector of them is meant; `from`
/// (optional) and the gate have rows of `columns` numbers, a multiple of the lanes, in places of their own. At most two `extra` and two
/// `terms`. `scratch`: [`FINISH_SCRATCH`] numbers per channel, overwritten.
///
/// # Panics
/// If a slice is too short, `columns` is no multiple of the lanes, `step` is 0 or there are more than two extras or terms.
pub fn finish_gradient(
    isa: Isa,
    g: &mut [f32],
    grid: Grid,
    step: usize,
    accumulate: bool,
    from: Option<(&[f32], Grid)>,
    extra: &[&[f32]],
    gate: Gate<'_>,
    terms: &mut [NormTerm<'_>],
    sums: &mut [f64],
    scratch: &mut [f32],
    rows: usize,
    columns: usize,
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    assert!(extra.len() <= 2 && terms.len() <= 2, "at most two extra gradients and two norms");
    assert!(step > 0, "a step must be at least 1");
    let scratch = &mut scratch[..sums.len() * FINISH_SCRATCH];
    isa.run(Finish { g, grid, step, accumulate, from, extra, gate, terms, sums, scratch, rows, columns });
}

struct Finish<'a, 'b> {
    g: &'a mut [f32],
    grid: Grid,
    step: usize,
    accumulate: bool,
    from: Option<(&'a [f32], Grid)>,
    extra: &'a [&'a [f32]],
    gate: Gate<'a>,
    terms: &'a mut [NormTerm<'b>],
    sums: &'a mut [f64],
    scratch: &'a mut [f32],
    rows: usize,
    columns: usize,
}

impl Kernel for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        match (self.columns, self.step) {
            (0, _) => {}
            (_, 1) => self.parts::<L, 1>(lanes),
            // Any other step is read at run time.
            _ => self.parts::<L, 0>(lanes),
        }
    }
}

impl Finish<'_, '_> {
    #[inline(always)]
    fn parts<L: Lanes, const STEP: usize>(self, lanes: L) {
        match (self.accumulate, usize::from(self.from.is_some()) + self.extra.len()) {
            (false, 0) => self.norms::<L, STEP, false, 0>(lanes),
            (false, 1) => self.norms::<L, STEP, false, 1>(lanes),
            (false, 2) => self.norms::<L, STEP, false, 2>(lanes),
            (false, _) => self.norms::<L, STEP, false, 3>(lanes),
            (true, 0) => self.norms::<L, STEP, true, 0>(lanes),
            (true, 1) => self.norms::<L, STEP, true, 1>(lanes),
            (true, 2) => self.norms::<L, STEP, true, 2>(lanes),
            (true, _) => self.norms::<L, STEP, true, 3>(lanes),
        }
    }

    #[inline(always)]
    fn norms<L: Lanes, const STEP: usize, const ACCUMULATE: bool, const PARTS: usize>(self, lanes: L) {
        match self.terms.len() {
            0 => self.rows::<L, STEP, ACCUMULATE, PARTS, 0>(lanes),
            1 => self.rows::<L, STEP, ACCUMULATE, PARTS, 1>(lanes),
            _ => self.rows::<L, STEP, ACCUMULATE, PARTS, 2>(lanes),
        }
    }

    /// Rows outside, as they lie in memory: the hardware fetches a run ahead.
    #[inline(always)]
    fn rows<L: Lanes, const STEP: usize, const ACCUMULATE: bool, const PARTS: usize, const NORMS: usize>(
        mut self,
        lanes: L,
    ) {
        self.scratch.fill(0.0);
        for y in 0..self.rows {
            for channel in 0..self.sums.len() {
                self.row::<L, STEP, ACCUMULATE, PARTS, NORMS>(lanes, channel, y);
            }
        }
        for (channel, scratch) in self.scratch.chunks_exact(FINISH_SCRATCH).enumerate() {
            let scratch: &[L::V] = vectors(scratch);
            self.sums[channel] += f64::from(lanes.sum(scratch[0]));
            for (term, &product) in self.terms.iter_mut().zip(&scratch[1..]) {
                term.sums[channel] += f64::from(lanes.sum(product));
            }
        }
    }

    /// One pass over a row: everything is read once and written once.
    #[inline(always)]
    fn row<L: Lanes, const STEP: usize, const ACCUMULATE: bool, const PARTS: usize, const NORMS: usize>(
        &mut self,
        lanes: L,
        channel: usize,
        y: usize,
    ) {
        let step = if STEP == 0 { self.step } else { STEP };
        let count = self.columns / L::LANES;
        let at = self.grid.at(channel, y);
        let here = at..at + ((count - 1) * step + 1) * L::LANES;
        let own = usize::from(self.from.is_some());
        let from: &[L::V] = match self.from {
            Some((from, grid)) => &vectors(&from[grid.at(channel, y)..][..self.columns])[..count],
            None => &[],
        };
        let extra: [&[L::V]; PARTS] = std::array::from_fn(|part| match part.checked_sub(own) {
            Some(part) => vectors(&self.extra[part][here.clone()]),
            None => from,
        });
        let gate: &[L::V] = match self.gate {
            Gate::Relu { tile, grid } => &vectors(&tile[grid.at(channel, y)..][..self.columns])[..count],
            Gate::Mask(mask) => &vectors(mask)[..1],
        };
        let inputs: [&[L::V]; NORMS] =
            std::array::from_fn(|term| vectors(&self.terms[term].planes[here.clone()]));
        let minus_mean: [L::V; NORMS] =
            std::array::from_fn(|term| lanes.splat(-self.terms[term].mean[channel]));
        let g: &mut [L::V] = vectors_mut(&mut self.g[here]);
        let sums: &mut [L::V] = vectors_mut(&mut self.scratch[channel * FINISH_SCRATCH..][..FINISH_SCRATCH]);
        let mut sum = sums[0];
        let mut products: [L::V; NORMS] = std::array::from_fn(|term| sums[1 + term]);
        for i in 0..count {
            let p = i * step;
            let mut total = if ACCUMULATE { g[p] } else { lanes.zero() };
            for (part, numbers) in extra.iter().enumerate() {
                if part >= own {
                    prefetch_beyond(&numbers[p]);
                }
                total = lanes.add(total, numbers[if part < own { i } else { p }]);
            }
            let total = lanes.where_positive(gate[i.min(gate.len() - 1)], total);
            g[p] = total;
            sum = lanes.add(sum, total);
            for term in 0..NORMS {
                prefetch_beyond(&inputs[term][p]);
                let deviation = lanes.add(inputs[term][p], minus_mean[term]);
                products[term] = lanes.mul_add(total, deviation, products[term]);
            }
        }
        sums[0] = sum;
        sums[1..1 + NORMS].copy_from_slice(&products);
    }
}
