//! Mean and spread, merged in a fixed order.

use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Grid, Isa, MAX_LANES};

/// Count, mean and sum of squared deviations of a set of numbers (Chan, Golub & LeVeque 1979): never `E[x^2] - E[x]^2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many numbers.
    pub count: f64,
    /// Their mean.
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// From the lane sums of [`crate::Epilogue::Moments`] over `count` numbers with shift `shift`.
    ///
    /// `sums` holds [`MAX_LANES`] partial sums of `d = x - shift`, then as many of `d^2`. Exact enough as long as the shift
    /// is within a few deviations of the mean, which a mean of one sample is. A NaN or infinity among the numbers makes
    /// all but the count NaN or infinite.
    ///
    /// # Panics
    /// If there are fewer than `2 * MAX_LANES` sums.
    pub fn from_shifted(sums: &[f32], shift: f32, count: f64) -> Self {
        let total = |part: &[f32]| part.iter().map(|&x| f64::from(x)).sum::<f64>();
        let (d, dd) = (total(&sums[..MAX_LANES]), total(&sums[MAX_LANES..2 * MAX_LANES]));
        let count = count.max(1.0);
        let m2 = dd - d * d / count;
        // Rounding may leave a small negative number. `max` would also turn NaN into 0.
        Self { count, mean: f64::from(shift) + d / count, m2: if m2 < 0.0 { 0.0 } else { m2 } }
    }

    /// The union of two disjoint sets.
    pub fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let delta = other.mean - self.mean;
        let mean = self.mean + delta * (other.count / count);
        Self { count, mean, m2: self.m2 + other.m2 + delta * delta * (self.count * other.count / count) }
    }
}

/// Sum of each plane: `sums[c] += sum over y, x of x[c][y][x]`, `y` in `0..rows`, `x` in `0..columns`, for every `c` that `sums` has.
///
/// # Panics
/// If `x` is too short or `columns` is no multiple of the lanes.
pub fn plane_sums(isa: Isa, x: &[f32], grid: Grid, rows: usize, columns: usize, sums: &mut [f64]) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    isa.run(PlaneSums { x, grid, rows, columns, sums });
}

struct PlaneSums<'a> {
    x: &'a [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    sums: &'a mut [f64],
}

impl Kernel for PlaneSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        for (channel, total) in self.sums.iter_mut().enumerate() {
            let mut sum = lanes.zero();
            for y in 0..self.rows {
                for &x in vectors::<L::V>(&self.x[self.grid.at(channel, y)..][..self.columns]) {
                    sum = lanes.add(sum, x);
                }
            }
            *total += f64::from(lanes.sum(sum));
        }
    }
}

/// Adds `d` and `d^2`, `d = (x - shift) * mask`, of each plane to its lane sums, as [`crate::Epilogue::Moments`] does.
///
/// # Shapes
/// `x`: planes of `rows` rows of `columns` numbers, placed as `grid` says; `mask`: one number, 0 or 1, per lane; `shift`: one number per
/// plane; `sums`: `2 * MAX_LANES` numbers per plane, and as many planes as it has room for.
///
/// # Panics
/// If a slice is too short or `columns` is no multiple of the lanes.
pub fn row_moments(
    isa: Isa,
    x: &[f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    mask: &[f32],
    shift: &[f32],
    sums: &mut [f32],
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    isa.run(RowMoments { x, grid, rows, columns, mask, shift, sums });
}

struct RowMoments<'a> {
    x: &'a [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    mask: &'a [f32],
    shift: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for RowMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let mask = vectors::<L::V>(self.mask)[0];
        for (channel, sums) in self.sums.chunks_exact_mut(2 * MAX_LANES).enumerate() {
            let shift = lanes.splat(self.shift[channel]);
            let (first, second) = sums.split_at_mut(MAX_LANES);
            let first = &mut vectors_mut::<L::V>(first)[0];
            let second = &mut vectors_mut::<L::V>(second)[0];
            let (mut sum_d, mut sum_dd) = (*first, *second);
            for y in 0..self.rows {
                for &x in vectors::<L::V>(&self.x[self.grid.at(channel, y)..][..self.columns]) {
                    let d = lanes.mul(lanes.sub(x, shift), mask);
                    sum_d = lanes.add(sum_d, d);
                    sum_dd = lanes.mul_add(d, d, sum_dd);
                }
            }
            (*first, *second) = (sum_d, sum_dd);
        }
    }
}
