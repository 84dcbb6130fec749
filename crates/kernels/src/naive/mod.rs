//! Scalar twins of the kernels: one number at a time, in f64, for tests to compare with.
//!
//! They take the kernels' inputs, return what a kernel writes without gaps between planes, and follow its documentation
//! in the plainest way: no vectors, no tiles, no order of sums worth keeping.

mod combine;
mod finish;
mod loss;
mod moments;
mod optimizer;
mod probe;
mod sddmm;
mod spmm;

pub use combine::combine;
pub use finish::{Finished, finish_gradient};
pub use loss::softmax_cross_entropy;
pub use moments::{moments, plane_sums, row_moments};
pub use optimizer::{adam, adam_moments, adam_weight, sgd};
pub use probe::multiply_adds;
pub use sddmm::{reduce_accumulators, sddmm};
pub use spmm::{spmm, spmm_bias, spmm_masked};

use crate::Taps;

/// The taps of a group, each with its horizontal shift.
fn taps_of(taps: Taps<'_>, group: usize) -> impl Iterator<Item = (usize, i32)> {
    let runs = taps.shifts.runs();
    (0..runs).flat_map(move |run| {
        let range = taps.starts[group * runs + run]..taps.starts[group * runs + run + 1];
        range.map(move |tap| (tap as usize, taps.shifts.by()[run]))
    })
}

/// Where a shift takes the number at `p` from, if that is in the same slot.
fn moved(taps: Taps<'_>, p: usize, by: i32) -> Option<usize> {
    let from = p.checked_add_signed(by as isize)?;
    (from / taps.shifts.slot() == p / taps.shifts.slot()).then_some(from)
}
