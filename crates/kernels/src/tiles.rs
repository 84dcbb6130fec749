//! Planes cut into register tiles, each worked on by code of its own.

use crate::balanced;
use crate::lanes::Lanes;

/// Widest register tile, in vectors.
pub const TILE_WIDTH: usize = 8;

/// A kernel that goes over its planes tile by tile.
pub(crate) trait Tiled {
    /// Most vectors of a tile of one output plane, for groups of `rows` planes.
    fn most<L: Lanes>(rows: usize) -> usize;

    /// Works on the tile of `H` rows of `W` vectors at row `y`, number `x`, for groups of `R` planes.
    fn tile<L: Lanes, const R: usize, const H: usize, const W: usize>(
        &mut self,
        lanes: L,
        y: usize,
        x: usize,
    );
}

/// Every tile of planes of `rows` rows of `columns` numbers: equal blocks of columns, no wider than a tile, one after the other; in
/// each tiles of 4, 2 or 1 rows, as many as fit.
#[inline(always)]
pub(crate) fn for_each_tile<T: Tiled, L: Lanes, const R: usize>(
    kernel: &mut T,
    lanes: L,
    rows: usize,
    columns: usize,
) {
    let mut x = 0;
    for width in balanced(columns / L::LANES, T::most::<L>(R).min(TILE_WIDTH)) {
        match width {
            1 => column::<T, L, R, 1>(kernel, lanes, rows, x),
            2 => column::<T, L, R, 2>(kernel, lanes, rows, x),
            3 => column::<T, L, R, 3>(kernel, lanes, rows, x),
            4 => column::<T, L, R, 4>(kernel, lanes, rows, x),
            5 => column::<T, L, R, 5>(kernel, lanes, rows, x),
            6 => column::<T, L, R, 6>(kernel, lanes, rows, x),
            7 => column::<T, L, R, 7>(kernel, lanes, rows, x),
            _ => column::<T, L, R, 8>(kernel, lanes, rows, x),
        }
        x += width * L::LANES;
    }
}

#[inline(always)]
fn column<T: Tiled, L: Lanes, const R: usize, const W: usize>(
    kernel: &mut T,
    lanes: L,
    rows: usize,
    x: usize,
) {
    let mut y = 0;
    while y < rows {
        y += match rows - y {
            4.. if 4 * W <= T::most::<L>(R) => fitting::<T, L, R, 4, W>(kernel, lanes, y, x),
            2.. if 2 * W <= T::most::<L>(R) => fitting::<T, L, R, 2, W>(kernel, lanes, y, x),
            _ => fitting::<T, L, R, 1, W>(kernel, lanes, y, x),
        };
    }
}

#[inline(always)]
fn fitting<T: Tiled, L: Lanes, const R: usize, const H: usize, const W: usize>(
    kernel: &mut T,
    lanes: L,
    y: usize,
    x: usize,
) -> usize {
    // Never asked for; leaving early keeps tiles that would spill registers out of the binary.
    if H * W > T::most::<L>(R) {
        unreachable!("a tile of {H} x {W} vectors over {R} planes");
    }
    kernel.tile::<L, R, H, W>(lanes, y, x);
    H
}
