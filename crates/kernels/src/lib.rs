//! Microkernels of the fast engine: single-threaded, safe entry points over slices for one chunk of samples.
//!
//! Nothing here knows a model. Each kernel is one generic source compiled for every instruction set ([`Isa`]) and has a
//! scalar twin in [`naive`] that its tests compare it with.
//!
//! # Shapes
//! An activation is a list of *planes*, one per channel, of `rows` rows of `columns` numbers in the places that a [`Grid`] says. A
//! pixel is one vector: the same pixel of [`Isa::lanes`] samples, side by side, so `columns` is a multiple of the lanes and a
//! convolution's shifts are whole vectors. A *tile* is a list of planes with zeros around them, so that shifted reads stay inside.
//!
//! # Contract
//! Slices are checked where they are cut, or as a whole on entry: misuse panics, as each kernel documents, and
//! never reads or writes outside them. Nothing outside the planes is read or written. Sums run in an order that
//! depends on shapes alone, so the same call gives the same bits; instruction sets differ in rounding. NaN is
//! carried on, never dropped. The only unsafe code of the workspace is here: `allocator` (the system's, for
//! programs), `buffer` (views of aligned lines), `planes` with its two users `spmm` and `sddmm` (reads checked
//! on entry), `ahead` (a prefetch), `lanes` and `write` (stores past the caches) and `resident` (work lent to a
//! thread).

#![deny(unsafe_code)]

mod ahead;
mod allocator;
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
mod planes;
mod pool;
mod probe;
mod resident;
mod sddmm;
mod spmm;
mod tiles;
mod write;

pub use ahead::Ahead;
pub use allocator::Reporting;
pub use buffer::Buffer;
pub use combine::{Term, combine};
pub use cut::balanced;
pub use finish::{FINISH_SCRATCH, Gate, NormTerm, finish_gradient};
pub use isa::Isa;
pub use moments::{Moments, plane_sums, row_moments};
pub use optimizer::{AdamStep, SgdStep, adam, sgd};
pub use planes::Grid;
pub use pool::{PoolWindow, Pooled, average_pool, average_pool_gradient, max_pool, max_pool_gradient};
pub use probe::{CHAINS, multiply_adds};
pub use resident::Resident;
pub use sddmm::{gradient_vectors, lane_sums, sddmm, tile_taps};
pub use spmm::{Epilogue, partial_len, spmm, tile_vectors};
pub use tiles::TILE_WIDTH;
pub use write::Write;

/// Widest vector of any instruction set, in f32 lanes.
pub const MAX_LANES: usize = 16;

/// The non-zeros of a matrix in kernel order: groups of `rows` output planes that share their taps, block by block of the input.
///
/// Block `b` of group `g` has taps `starts[i]..starts[i + 1]`, `i = b * groups + g`; tap `t` reads the input plane at `offsets[t]` with
/// `rows` weights `values[t * rows..]`, one per output plane. Blocks keep what is read at a time in the first cache.
#[derive(Clone, Copy, Debug)]
pub struct Taps<'a> {
    /// Output planes in a group: 1, 2 or 4.
    pub rows: usize,
    /// Number of groups.
    pub groups: usize,
    /// First tap of each block and group, then the number of taps. There is at least one block, be it empty.
    pub starts: &'a [u32],
    /// Start of each tap's shifted input plane.
    pub offsets: &'a [u32],
    /// `rows` weights per tap.
    pub values: &'a [f32],
}

impl Taps<'_> {
    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.starts.len().saturating_sub(1).checked_div(self.groups).unwrap_or(0)
    }

    /// Sets of at most `most` taps that its groups are cut into, block by block.
    pub(crate) fn sets(&self, most: usize) -> usize {
        self.starts.windows(2).map(|range| (range[1].saturating_sub(range[0]) as usize).div_ceil(most)).sum()
    }

    pub(crate) fn check(&self) {
        assert!(matches!(self.rows, 1 | 2 | 4), "no kernel for {} rows; there are 1, 2 and 4", self.rows);
        // Without any block nothing would be written: an output of no taps has empty blocks. Saturating, as in `Grid::reach`.
        let whole = self.blocks().max(1).saturating_mul(self.groups).saturating_add(1);
        assert_eq!(self.starts.len(), whole, "starts must be those of whole blocks");
    }

    /// Every tap's `reach` numbers lie within `len`.
    pub(crate) fn check_reads(&self, len: usize, reach: usize) {
        let most = self.offsets.iter().max().map_or(0, |&most| most as usize);
        assert!(
            self.offsets.is_empty() || most.saturating_add(reach) <= len,
            "the input is too short: {reach} numbers from {most} on are read, found {len}"
        );
    }
}
