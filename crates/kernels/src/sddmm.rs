//! Sampled dense-dense product: a convolution's weight gradient, only where weights exist.

use crate::ahead::{Ahead, Walk};
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::shifts::{ANY_UNIT, at_edge};
use crate::{Isa, Taps, balanced};

/// Gradient planes of [`sddmm`].
#[derive(Clone, Copy, Debug)]
pub struct GradientPlanes<'a> {
    /// The plane of output `o` starts at `lead + o * stride`; positions that are no pixel are zero, and before the first plane
    /// and after the last there are numbers for as far as shifts reach, whatever they are.
    pub planes: &'a [f32],
    /// Start of the first plane.
    pub lead: usize,
    /// Distance of planes.
    pub stride: usize,
}

/// Adds to `accumulators[t][r]` (one vector each, in tap order) the lane-wise products
/// `gradient[r][p - by(t)] * input[offsets[t] + p]` over `p` in `0..positions`, where numbers that a shift `by` would take from
/// another slot count as 0.
///
/// `taps.values` is not read. Work goes in strips of at most `strip` vectors, so that the touched planes stay in L1; the
/// result does not depend on it.
///
/// # Shapes
/// `input`: at least `max(offsets) + positions` numbers; `shifted`: scratch of `taps.rows * positions` numbers if there are
/// shifts; `accumulators`: `[tap][row][lanes]`, more are left alone.
///
/// # Panics
/// If a slice is too short, `positions` is no multiple of the lanes, `taps.rows` is not 1, 2 or 4, or the shifts do not suit
/// lanes and positions.
pub fn sddmm(
    isa: Isa,
    taps: Taps<'_>,
    gradient: GradientPlanes<'_>,
    input: &[f32],
    positions: usize,
    strip: usize,
    shifted: &mut [f32],
    accumulators: &mut [f32],
) {
    sddmm_ahead(isa, taps, gradient, input, positions, strip, shifted, accumulators, Ahead::default());
}

/// As [`sddmm`], bit for bit; meanwhile brings what comes next into the cache.
pub fn sddmm_ahead(
    isa: Isa,
    taps: Taps<'_>,
    gradient: GradientPlanes<'_>,
    input: &[f32],
    positions: usize,
    strip: usize,
    shifted: &mut [f32],
    accumulators: &mut [f32],
    ahead: Ahead<'_>,
) {
    assert!(positions.is_multiple_of(isa.lanes()), "positions must be a multiple of the lanes");
    taps.check_rows();
    taps.shifts.check(positions, isa.lanes());
    let unit = taps.shifts.unit();
    let strip = (strip / unit).max(1).saturating_mul(unit);
    let ahead = Walk::new(ahead, (positions / isa.lanes()).div_ceil(strip) * taps.groups());
    isa.run(Sddmm { taps, gradient, input, positions, strip, shifted, accumulators, ahead });
}

/// Most taps that share the gradient's loads in [`sddmm`], for groups of `rows` outputs and vectors of `lanes` numbers: one
/// accumulator per weight. The taps of a run are cut [`balanced`].
pub const fn tile_taps(rows: usize, lanes: usize) -> usize {
    match (lanes, rows) {
        (16, 1) => 12,
        (16, 2) => 8,
        (16, _) => 5,
        (_, 1) => 8,
        (_, 2) => 5,
        _ => 2,
    }
}

struct Sddmm<'a> {
    taps: Taps<'a>,
    gradient: GradientPlanes<'a>,
    input: &'a [f32],
    positions: usize,
    strip: usize,
    shifted: &'a mut [f32],
    accumulators: &'a mut [f32],
    ahead: Walk<'a>,
}

impl Kernel for Sddmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let unit = self.taps.shifts.unit();
        let mut at = 0;
        for units in balanced(self.positions / L::LANES / unit, self.strip / unit) {
            let width = units * unit * L::LANES;
            match self.taps.rows {
                1 => self.groups::<L, 1>(lanes, at, width),
                2 => self.groups::<L, 2>(lanes, at, width),
                4 => self.groups::<L, 4>(lanes, at, width),
                rows => unreachable!("{rows} rows, checked on entry"),
            }
            at += width;
        }
    }
}

impl Sddmm<'_> {
    /// All taps over one strip, in equal sets that share the gradient's loads.
    #[inline(always)]
    fn groups<L: Lanes, const R: usize>(&mut self, lanes: L, at: usize, width: usize) {
        let Taps { shifts, starts, .. } = self.taps;
        for group in 0..self.taps.groups() {
            self.ahead.step();
            for (run, &by) in shifts.by().iter().enumerate() {
                let index = group * shifts.runs() + run;
                let (mut tap, end) = (starts[index] as usize, starts[index + 1] as usize);
                if tap == end {
                    continue;
                }
                let start = self.gradient.lead + group * R * self.gradient.stride + at;
                if by != 0 {
                    match shifts.unit() {
                        1 => self.shift::<L, R, 1>(lanes, start, width, run),
                        2 => self.shift::<L, R, 2>(lanes, start, width, run),
                        _ => self.shift::<L, R, ANY_UNIT>(lanes, start, width, run),
                    }
                }
                for count in balanced(end - tap, tile_taps(R, L::LANES)) {
                    match count {
                        1 => self.set::<L, R, 1>(lanes, start, by, tap, at, width),
                        2 => self.set::<L, R, 2>(lanes, start, by, tap, at, width),
                        3 => self.set::<L, R, 3>(lanes, start, by, tap, at, width),
                        4 => self.set::<L, R, 4>(lanes, start, by, tap, at, width),
                        5 => self.set::<L, R, 5>(lanes, start, by, tap, at, width),
                        6 => self.set::<L, R, 6>(lanes, start, by, tap, at, width),
                        7 => self.set::<L, R, 7>(lanes, start, by, tap, at, width),
                        8 => self.set::<L, R, 8>(lanes, start, by, tap, at, width),
                        9 => self.set::<L, R, 9>(lanes, start, by, tap, at, width),
                        10 => self.set::<L, R, 10>(lanes, start, by, tap, at, width),
                        11 => self.set::<L, R, 11>(lanes, start, by, tap, at, width),
                        _ => self.set::<L, R, 12>(lanes, start, by, tap, at, width),
                    }
                    tap += count;
                }
            }
        }
    }

    /// The gradient's rows from `start` on, moved against run `run`'s shift: what its taps multiply.
    #[inline(always)]
    fn shift<L: Lanes, const R: usize, const UNIT: usize>(
        &mut self,
        lanes: L,
        start: usize,
        width: usize,
        run: usize,
    ) {
        let shifts = self.taps.shifts;
        let back = -shifts.by()[run];
        let (unit, count) = (shifts.unit(), width / L::LANES);
        let gate = vectors::<L::V>(shifts.own_lanes(run, true))[0];
        for r in 0..R {
            let from = (start + r * self.gradient.stride).wrapping_add_signed(back as isize);
            let from: &[L::V] = &vectors(&self.gradient.planes[from..from + width])[..count];
            let to: &mut [L::V] = &mut vectors_mut(&mut self.shifted[r * width..(r + 1) * width])[..count];
            for (v, (to, &from)) in to.iter_mut().zip(from).enumerate() {
                *to = if at_edge::<UNIT>(back, unit, v) { lanes.where_positive(gate, from) } else { from };
            }
        }
    }

    #[inline(always)]
    fn set<L: Lanes, const R: usize, const J: usize>(
        &mut self,
        lanes: L,
        start: usize,
        by: i32,
        tap: usize,
        at: usize,
        width: usize,
    ) {
        // Never asked for; leaving early keeps the wider sets, which would spill registers, out of the binary.
        if J > tile_taps(R, L::LANES) {
            unreachable!("a set of {J} taps over {R} rows");
        }
        let count = width / L::LANES;
        let gradient: [&[L::V]; R] = std::array::from_fn(|r| {
            let own = start + r * self.gradient.stride;
            let rows = if by == 0 {
                &self.gradient.planes[own..own + width]
            } else {
                &self.shifted[r * width..(r + 1) * width]
            };
            &vectors(rows)[..count]
        });
        let input: [&[L::V]; J] = std::array::from_fn(|j| {
            let start = self.taps.offsets[tap + j] as usize + at;
            &vectors(&self.input[start..start + width])[..count]
        });
        let accumulators = &mut self.accumulators[tap * R * L::LANES..(tap + J) * R * L::LANES];
        let accumulators: &mut [L::V] = vectors_mut(accumulators);
        let mut sums: [[L::V; R]; J] =
            std::array::from_fn(|j| std::array::from_fn(|r| accumulators[j * R + r]));
        for p in 0..count {
            let gradient: [L::V; R] = std::array::from_fn(|r| gradient[r][p]);
            for j in 0..J {
                let x = input[j][p];
                for r in 0..R {
                    sums[j][r] = lanes.mul_add(gradient[r], x, sums[j][r]);
                }
            }
        }
        for j in 0..J {
            for r in 0..R {
                accumulators[j * R + r] = sums[j][r];
            }
        }
    }
}

/// `gradient[order[i]] = sum over chunks and lanes of accumulators[chunk][i]`, in that fixed order; entries of `order`
/// beyond the gradient (padding of a layer run as dense) are skipped, gradients that `order` does not name are left alone.
///
/// # Shapes
/// `accumulators`: `[chunks][order.len()][lanes]`.
///
/// # Panics
/// If `accumulators` is not a whole number of chunks.
pub fn reduce_accumulators(isa: Isa, accumulators: &[f32], order: &[u32], gradient: &mut [f32]) {
    let chunk = order.len() * isa.lanes();
    assert!(accumulators.len().is_multiple_of(chunk), "accumulators must be a whole number of chunks");
    isa.run(Reduce { accumulators, order, gradient });
}

struct Reduce<'a> {
    accumulators: &'a [f32],
    order: &'a [u32],
    gradient: &'a mut [f32],
}

impl Kernel for Reduce<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let vectors: &[L::V] = vectors(self.accumulators);
        let chunk = self.order.len();
        for (i, &target) in self.order.iter().enumerate() {
            if let Some(gradient) = self.gradient.get_mut(target as usize) {
                let mut sum = lanes.zero();
                for &partial in vectors.iter().skip(i).step_by(chunk) {
                    sum = lanes.add(sum, partial);
                }
                *gradient = lanes.sum(sum);
            }
        }
    }
}
