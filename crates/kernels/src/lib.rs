//! Microkernels of the fast engine: single-threaded, safe entry points over slices for one chunk of samples.
//!
//! Nothing here knows a model. Each kernel is one generic source compiled for every instruction set ([`Isa`]) and has a
//! scalar twin in [`naive`] that its tests compare it with.
//!
//! # Shapes
//! An activation is a list of *planes*, one per channel, each a run of `positions` numbers (the image rows with a shared
//! zero column between them, possibly several samples side by side). Planes are `stride` numbers apart. `positions` is a
//! multiple of [`Isa::lanes`]. A *tile* is a list of planes with zeros around them, so that shifted reads stay inside.
//!
//! # Contract
//! Slices are checked where they are cut: misuse panics, as each kernel documents, and never reads or writes outside them.
//! Nothing outside the planes is read or written. Sums run in an order that depends on shapes alone, so the same call gives
//! the same bits; instruction sets differ in rounding. NaN is carried on, never dropped. The only unsafe code of the workspace
//! is here, in three small files: `buffer` (views of aligned lines), `ahead` (a prefetch) and `resident` (work lent to a thread).

#![deny(unsafe_code)]

mod ahead;
mod buffer;
mod combine;
mod cut;
mod finish;
mod isa;
mod lanes;
pub mod loss;
mod moments;
pub mod naive;
mod optimizer;
mod probe;
mod resident;
mod sddmm;
mod shifts;
mod spmm;
pub mod workload;

pub use ahead::Ahead;
pub use buffer::Buffer;
pub use combine::{Term, combine};
pub use cut::balanced;
pub use finish::{Gate, NormTerm, finish_gradient};
pub use isa::Isa;
pub use moments::{Moments, plane_sums, row_moments};
pub use optimizer::{AdamStep, SgdStep, adam, sgd};
pub use probe::{CHAINS, multiply_adds};
pub use resident::Resident;
pub use sddmm::{GradientPlanes, reduce_accumulators, sddmm, sddmm_ahead, tile_taps};
pub use shifts::Shifts;
pub use spmm::{Epilogue, spmm, spmm_ahead, tile_vectors};

/// Widest vector of any instruction set, in f32 lanes: strides are multiples of it.
pub const MAX_LANES: usize = 16;

/// The non-zeros of a matrix in kernel order: groups of `rows` output planes that share their taps.
///
/// Group `g` has one run of taps per shift: run `s` has the taps `starts[i]..starts[i + 1]`, `i = g * shifts.runs() + s`. Tap
/// `t` reads the input plane at `offsets[t]`, moved by its run's shift, with `rows` weights `values[t * rows..]`, one per
/// output plane.
#[derive(Clone, Copy, Debug)]
pub struct Taps<'a> {
    /// Output planes in a group: 1, 2 or 4.
    pub rows: usize,
    /// Horizontal shift of each run.
    pub shifts: &'a Shifts,
    /// First tap of each run, then the number of taps.
    pub starts: &'a [u32],
    /// Start of each tap's input plane.
    pub offsets: &'a [u32],
    /// `rows` weights per tap.
    pub values: &'a [f32],
}

impl Taps<'_> {
    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.starts.len().saturating_sub(1) / self.shifts.runs()
    }

    pub(crate) fn check_rows(&self) {
        assert!(matches!(self.rows, 1 | 2 | 4), "no kernel for {} rows; there are 1, 2 and 4", self.rows);
    }
}
