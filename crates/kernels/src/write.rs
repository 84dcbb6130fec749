//! How results are written: through the caches, or past them to memory.
//!
//! Unsafe: the end of a run of stores past the caches.
#![allow(unsafe_code)]

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

impl Write {
    /// Puts `x` there.
    #[inline(always)]
    pub(crate) fn vector<L: Lanes>(self, lanes: L, to: &mut L::V, x: L::V) {
        match self {
            Write::Cached => *to = x,
            Write::Streamed => lanes.stream(to, x),
        }
    }

    /// After the last vector: other threads see all of them before anything this thread writes later.
    #[inline(always)]
    pub(crate) fn end(self) {
        #[cfg(target_arch = "x86_64")]
        if self == Write::Streamed {
            // SAFETY: a fence touches no memory; every x86-64 processor has it (SSE).
            unsafe { std::arch::x86_64::_mm_sfence() }
        }
    }
}
