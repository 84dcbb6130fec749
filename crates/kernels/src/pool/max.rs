//! Largest pixel of each window.

use super::PoolWindow;
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Grid, Isa};
use std::ops::Range;

/// What a max pool goes over: some rows of the planes of its input, and the windows that lie within them.
#[derive(Clone, Copy, Debug)]
pub struct Pooled<'a> {
    /// Its windows.
    pub window: PoolWindow,
    /// Rows and columns (in pixels) of the whole input.
    pub extent: (usize, usize),
    /// Planes of the rows of the input that are there, from row `first_row` on.
    pub input: &'a [f32],
    /// Places in `input`, and of anything of its shape.
    pub grid: Grid,
    /// See `input`.
    pub first_row: usize,
    /// Planes.
    pub channels: usize,
}

/// `output[c][y][x] = largest input[c] of window (y, x)`, in each lane, for windows of the rows `windows`; not a number if any number of the
/// window is none.
///
/// # Shapes
/// `output`: row `windows.start` of the first plane at its start, placed as `to` says.
///
/// # Panics
/// If a slice is too short or `input` does not hold a row that a window covers.
pub fn max_pool(isa: Isa, pooled: Pooled<'_>, windows: Range<usize>, output: &mut [f32], to: Grid) {
    isa.run(MaxPool { pooled, windows, output, to });
}

struct MaxPool<'a> {
    pooled: Pooled<'a>,
    windows: Range<usize>,
    output: &'a mut [f32],
    to: Grid,
}

impl Kernel for MaxPool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Pooled { window, extent: (height, width), channels, .. } = self.pooled;
        for y in self.windows.clone() {
            let rows = window.covers(y, height);
            for channel in 0..channels {
                let to = self.to.at(channel, y - self.windows.start);
                let count = window.count(width);
                let output: &mut [L::V] = vectors_mut(&mut self.output[to..to + count * L::LANES]);
                for (x, output) in output.iter_mut().enumerate() {
                    *output = largest(lanes, self.pooled, channel, &rows, &window.covers(x, width)).0;
                }
            }
        }
    }
}

/// `gradient[c] = sum over windows of output_gradient[c][window]` at each window's first largest number, in each lane; windows of the rows
/// `windows`. What was in `gradient` is lost.
///
/// # Shapes
/// `output_gradient`: row `windows.start` of the first plane at its start, placed as `from` says; `gradient`: like the input, whose rows
/// are all written, `rows` of them.
///
/// # Panics
/// If a slice is too short or the input does not hold a row that a window covers.
pub fn max_pool_gradient(
    isa: Isa,
    pooled: Pooled<'_>,
    windows: Range<usize>,
    output_gradient: &[f32],
    from: Grid,
    gradient: &mut [f32],
    rows: usize,
) {
    isa.run(MaxPoolGradient { pooled, windows, output_gradient, from, gradient, rows });
}

struct MaxPoolGradient<'a> {
    pooled: Pooled<'a>,
    windows: Range<usize>,
    output_gradient: &'a [f32],
    from: Grid,
    gradient: &'a mut [f32],
    rows: usize,
}

impl Kernel for MaxPoolGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let Pooled { window, extent: (height, width), grid, first_row, channels, .. } = self.pooled;
        let count = window.count(width);
        for channel in 0..channels {
            for y in 0..self.rows {
                self.gradient[grid.at(channel, y)..][..width * L::LANES].fill(0.0);
            }
            for y in self.windows.clone() {
                let from = self.from.at(channel, y - self.windows.start);
                let of_windows: &[L::V] = vectors(&self.output_gradient[from..from + count * L::LANES]);
                let rows = window.covers(y, height);
                for (x, &of_window) in of_windows.iter().enumerate() {
                    let columns = window.covers(x, width);
                    let winner = largest(lanes, self.pooled, channel, &rows, &columns).1;
                    let mut number = 0.0;
                    for y in rows.clone() {
                        let at = grid.at(channel, y - first_row) + columns.start * L::LANES;
                        let gradient = &mut self.gradient[at..at + columns.len() * L::LANES];
                        for gradient in vectors_mut::<L::V>(gradient) {
                            let own = lanes.where_equal(winner, lanes.splat(number), of_window);
                            *gradient = lanes.add(*gradient, own);
                            number += 1.0;
                        }
                    }
                }
            }
        }
    }
}

/// The largest number of a window in each lane, and which it is, counted row by row: windows are too small for f32 to miscount.
#[inline(always)]
fn largest<L: Lanes>(
    lanes: L,
    pooled: Pooled<'_>,
    channel: usize,
    rows: &Range<usize>,
    columns: &Range<usize>,
) -> (L::V, L::V) {
    let (mut best, mut winner, mut number) = (None, lanes.zero(), 0.0);
    for y in rows.clone() {
        let at = pooled.grid.at(channel, y - pooled.first_row);
        for &x in vectors::<L::V>(&pooled.input[at + columns.start * L::LANES..at + columns.end * L::LANES]) {
            let so_far = best.unwrap_or(x);
            winner = lanes.where_larger(x, so_far, lanes.splat(number), winner);
            best = Some(lanes.where_larger(x, so_far, x, so_far));
            number += 1.0;
        }
    }
    (best.unwrap_or(lanes.zero()), winner)
}
