//! Sampled dense-dense product: a convolution's weight gradient, only where weights exist.
//!
//! Unsafe: reads of gradient and input, whose reach is checked on entry.
#![allow(unsafe_code)]

use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::planes::Reads;
use crate::{Grid, Isa, TILE_WIDTH, Taps, balanced};

/// Adds to `accumulators[t][r]` (one vector each, in tap order) the lane-wise products
/// `gradient[r][y][x] * input[offsets[t] + y * input_row + x]` over `y` in `0..rows`, `x` in `0..columns`.
///
/// `taps.values` is not read. Work goes in patches of a few rows and columns, so that what they touch stays in L1.
///
/// # Shapes
/// `gradient`: one plane per output, placed as `grid` says, zero in lanes that are no sample; `input`: at least
/// `max(offsets) + (rows - 1) * input_row + columns` numbers; `accumulators`: `[tap][row][lanes]`, more are left alone.
///
/// # Panics
/// If a slice is too short, `columns` is no multiple of the lanes or `taps` are not well formed.
pub fn sddmm(
    isa: Isa,
    taps: Taps<'_>,
    gradient: &[f32],
    grid: Grid,
    input: &[f32],
    input_row: usize,
    rows: usize,
    columns: usize,
    accumulators: &mut [f32],
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    taps.check();
    if rows == 0 || columns == 0 {
        return;
    }
    taps.check_reads(input.len(), Grid { plane: 0, row: input_row }.reach(1, rows, columns));
    assert!(grid.reach(taps.rows * taps.groups, rows, columns) <= gradient.len(), "gradient is too short");
    isa.run(Sddmm { taps, gradient, grid, input, input_row, rows, columns, accumulators });
}

/// Most taps that share the gradient's loads in [`sddmm`], for groups of `rows` outputs: one accumulator per weight. The taps
/// of a group are cut [`balanced`].
pub const fn tile_taps(registers: usize, rows: usize) -> usize {
    match (registers, rows) {
        (_, 1) => 8,
        (32, 2) => 6,
        (_, 2) => 5,
        (32, _) => 5,
        _ => 2,
    }
}

/// Vectors of a patch: few enough that a patch of 16 channels stays in L1.
const PATCH: usize = 16;

struct Sddmm<'a> {
    taps: Taps<'a>,
    gradient: &'a [f32],
    grid: Grid,
    input: &'a [f32],
    input_row: usize,
    rows: usize,
    columns: usize,
    accumulators: &'a mut [f32],
}

/// Rows and vectors of a patch and its place.
#[derive(Clone, Copy)]
struct Patch {
    y: usize,
    x: usize,
    rows: usize,
    vectors: usize,
}

impl Kernel for Sddmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let mut x = 0;
        for vectors in balanced(self.columns / L::LANES, TILE_WIDTH) {
            let mut y = 0;
            for rows in balanced(self.rows, (PATCH / vectors).max(1)) {
                let patch = Patch { y, x, rows, vectors };
                match self.taps.rows {
                    1 => self.groups::<L, 1>(lanes, patch),
                    2 => self.groups::<L, 2>(lanes, patch),
                    4 => self.groups::<L, 4>(lanes, patch),
                    rows => unreachable!("{rows} rows, checked on entry"),
                }
                y += rows;
            }
            x += vectors * L::LANES;
        }
    }
}

impl Sddmm<'_> {
    /// All taps over one patch, in equal sets that share the gradient's loads.
    #[inline(always)]
    fn groups<L: Lanes, const R: usize>(&mut self, lanes: L, patch: Patch) {
        let ranges = self.taps.starts.windows(2).enumerate();
        for (index, range) in ranges {
            let group = index % self.taps.groups;
            let (mut tap, end) = (range[0] as usize, range[1] as usize);
            for count in balanced(end - tap, tile_taps(L::REGISTERS, R)) {
                match count {
                    1 => self.set::<L, R, 1>(lanes, group, tap, patch),
                    2 => self.set::<L, R, 2>(lanes, group, tap, patch),
                    3 => self.set::<L, R, 3>(lanes, group, tap, patch),
                    4 => self.set::<L, R, 4>(lanes, group, tap, patch),
                    5 => self.set::<L, R, 5>(lanes, group, tap, patch),
                    6 => self.set::<L, R, 6>(lanes, group, tap, patch),
                    7 => self.set::<L, R, 7>(lanes, group, tap, patch),
                    _ => self.set::<L, R, 8>(lanes, group, tap, patch),
                }
                tap += count;
            }
        }
    }

    #[inline(always)]
    fn set<L: Lanes, const R: usize, const J: usize>(
        &mut self,
        lanes: L,
        group: usize,
        tap: usize,
        patch: Patch,
    ) {
        // Never asked for; leaving early keeps the wider sets, which would spill registers, out of the binary.
        if J > tile_taps(L::REGISTERS, R) {
            unreachable!("a set of {J} taps over {R} rows");
        }
        let gradient = Reads::<L::V>::new(self.gradient);
        let input = Reads::<L::V>::new(self.input);
        let offsets = &self.taps.offsets[tap..tap + J];
        let accumulators = &mut self.accumulators[tap * R * L::LANES..(tap + J) * R * L::LANES];
        let mut sums = [[lanes.zero(); R]; J];
        for y in patch.y..patch.y + patch.rows {
            let to: [usize; R] = std::array::from_fn(|r| self.grid.at(group * R + r, y) + patch.x);
            let from: [usize; J] =
                std::array::from_fn(|j| offsets[j] as usize + y * self.input_row + patch.x);
            for at in (0..patch.vectors * L::LANES).step_by(L::LANES) {
                // SAFETY: a patch lies within the rows and columns whose reach was checked on entry, for every output and offset.
                let gradient: [L::V; R] = std::array::from_fn(|r| unsafe { gradient.at(to[r] + at) });
                for j in 0..J {
                    // SAFETY: as above.
                    let x = unsafe { input.at(from[j] + at) };
                    for r in 0..R {
                        sums[j][r] = lanes.mul_add(gradient[r], x, sums[j][r]);
                    }
                }
            }
        }
        let accumulators: &mut [L::V] = vectors_mut(accumulators);
        for j in 0..J {
            for r in 0..R {
                accumulators[j * R + r] = lanes.add(accumulators[j * R + r], sums[j][r]);
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
