//! Sampled dense-dense product: a convolution's weight gradient, only where weights exist.
//!
//! Unsafe: reads of gradient and input, whose reach is checked on entry.
#![allow(unsafe_code)]

mod gradient;
mod lane_sums;
mod sums;

pub use gradient::gradient_vectors;
pub use lane_sums::lane_sums;
pub use sums::tile_taps;

use crate::ahead::{Ahead, Walk};
use crate::lanes::{Kernel, Lanes};
use crate::tiles::for_each_tile;
use crate::{Grid, Isa, TILE_WIDTH, Taps};

/// Adds to `accumulators[t][r]` (one vector each, in tap order) the lane-wise products
/// `gradient[r][y][x] * input[offsets[t] + y * input_row + x]` over `y` in `0..rows`, `x` in `0..columns`.
///
/// `taps.values` is not read. Meanwhile `ahead` is brought into the second cache. Work goes in tiles of a few rows and columns, so that
/// what they touch stays in L1.
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
    ahead: Ahead<'_>,
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    taps.check();
    if rows == 0 || columns == 0 {
        return;
    }
    taps.check_reads(input.len(), Grid { plane: 0, row: input_row }.reach(1, rows, columns));
    assert!(grid.reach(taps.rows * taps.groups, rows, columns) <= gradient.len(), "gradient is too short");
    let vectors = columns / isa.lanes();
    let steps = match taps.rows {
        4 => rows * vectors.div_ceil(TILE_WIDTH) * taps.sets(tile_taps(isa.registers())),
        unit => (rows * vectors).div_ceil(gradient_vectors(isa.registers(), unit)) * taps.offsets.len(),
    };
    let ahead = Walk::new(ahead, steps);
    isa.run(Sddmm { taps, gradient, grid, input, input_row, rows, columns, accumulators, ahead });
}

struct Sddmm<'a> {
    taps: Taps<'a>,
    gradient: &'a [f32],
    grid: Grid,
    input: &'a [f32],
    input_row: usize,
    rows: usize,
    columns: usize,
    accumulators: &'a mut [f32],
    ahead: Walk<'a>,
}

impl Kernel for Sddmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let (rows, columns) = (self.rows, self.columns);
        match self.taps.rows {
            1 => for_each_tile::<_, L, 1>(&mut self, lanes, rows, columns),
            2 => for_each_tile::<_, L, 2>(&mut self, lanes, rows, columns),
            4 => self.patches(lanes),
            rows => unreachable!("{rows} rows, checked on entry"),
        }
    }
}
