//! How results are written: through the caches, or past them to memory.
//!
//! Unsafe: stores past the caches, whose places are checked on entry, and the end of a run of them.
#![allow(unsafe_code)]

use crate::Grid;
use crate::lanes::Lanes;

/// Whether a kernel's results stay in cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// As usual: a line that is not in cache is read first. For what is read again soon.
    Cached,
    /// Past the caches, where the instruction set can. For what is not in cache and not read again before the caches have seen much
    /// else: its lines need not be read first, which takes two thirds of the time.
    Streamed,
}

/// [`Write`] to places that are known to be whole vectors, where it needs that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed(Write);

impl Write {
    /// Writes to rows of `numbers` that are placed as `grid` says, by vectors of `lanes`: through the caches where they are no whole vectors.
    pub(crate) fn to(self, numbers: &[f32], grid: Grid, lanes: usize) -> Placed {
        let start = numbers.as_ptr().addr().is_multiple_of(lanes * size_of::<f32>());
        let whole = start && grid.plane.is_multiple_of(lanes) && grid.row.is_multiple_of(lanes);
        Placed(if whole { self } else { Write::Cached })
    }
}

impl Placed {
    /// Puts `row` into `to`, vectors of the numbers that [`Write::to`] was asked for.
    #[inline(always)]
    pub(crate) fn row<L: Lanes>(self, lanes: L, to: &mut [L::V], row: &[L::V]) {
        match self.0 {
            Write::Cached => {
                for (to, &x) in to.iter_mut().zip(row) {
                    *to = x;
                }
            }
            Write::Streamed => {
                for (to, &x) in to.iter_mut().zip(row) {
                    // SAFETY: start and distances of the numbers' rows are multiples of a vector: see `to`.
                    unsafe { lanes.stream(to, x) }
                }
            }
        }
    }

    /// Puts `x` into `to`: see [`Placed::row`].
    #[inline(always)]
    pub(crate) fn vector<L: Lanes>(self, lanes: L, to: &mut L::V, x: L::V) {
        match self.0 {
            Write::Cached => *to = x,
            // SAFETY: as in `row`.
            Write::Streamed => unsafe { lanes.stream(to, x) },
        }
    }

    /// After the last vector: other threads see all of them before anything this thread writes later.
    #[inline(always)]
    pub(crate) fn end(self) {
        #[cfg(target_arch = "x86_64")]
        if self.0 == Write::Streamed {
            // SAFETY: a fence touches no memory; every x86-64 processor has it (SSE).
            unsafe { std::arch::x86_64::_mm_sfence() }
        }
    }
}
