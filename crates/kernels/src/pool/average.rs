//! Mean over the whole image.

use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Grid, Isa};

/// `output[c] = mean of input[c][y][x]` over `rows` rows of `columns` numbers, in each lane, for as many channels as `output` has vectors.
///
/// # Panics
/// If `input` is too short or `columns` is no multiple of the lanes.
pub fn average_pool(isa: Isa, input: &[f32], grid: Grid, rows: usize, columns: usize, output: &mut [f32]) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    isa.run(Average { input, grid, rows, columns, output });
}

struct Average<'a> {
    input: &'a [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    output: &'a mut [f32],
}

impl Kernel for Average<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let share = lanes.splat(1.0 / (self.rows * self.columns / L::LANES) as f32);
        for (channel, output) in vectors_mut::<L::V>(self.output).iter_mut().enumerate() {
            let mut total = lanes.zero();
            for y in 0..self.rows {
                // Row by row, so that rounding grows with the sides of the image, not with its area.
                let mut sum = lanes.zero();
                for &x in vectors::<L::V>(&self.input[self.grid.at(channel, y)..][..self.columns]) {
                    sum = lanes.add(sum, x);
                }
                total = lanes.add(total, sum);
            }
            *output = lanes.mul(total, share);
        }
    }
}

/// `gradient[c][y][x] = output_gradient[c] / pixels` in `rows` rows of `columns` numbers, in each lane, for as many channels as
/// `output_gradient` has vectors; `pixels` is how many the mean is of.
///
/// # Panics
/// If `gradient` is too short or `columns` is no multiple of the lanes.
pub fn average_pool_gradient(
    isa: Isa,
    output_gradient: &[f32],
    pixels: usize,
    gradient: &mut [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    isa.run(Spread { output_gradient, pixels, gradient, grid, rows, columns });
}

struct Spread<'a> {
    output_gradient: &'a [f32],
    pixels: usize,
    gradient: &'a mut [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
}

impl Kernel for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let share = lanes.splat(1.0 / self.pixels as f32);
        for y in 0..self.rows {
            for (channel, &of_mean) in vectors::<L::V>(self.output_gradient).iter().enumerate() {
                let gradient = &mut self.gradient[self.grid.at(channel, y)..][..self.columns];
                vectors_mut::<L::V>(gradient).fill(lanes.mul(of_mean, share));
            }
        }
    }
}
