//! Pools over planes of pixels, forward and backward.

mod average;
mod max;

pub use average::{average_pool, average_pool_gradient};
pub use max::{Pooled, max_pool, max_pool_gradient};

use std::ops::Range;

/// Square windows of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolWindow {
    /// Rows and columns of a window.
    pub kernel: usize,
    /// Distance of windows.
    pub stride: usize,
    /// Border on every side that windows may reach into; below `kernel`.
    pub padding: usize,
}

impl PoolWindow {
    /// Windows that fit an axis of `len` numbers: `floor((len + 2 padding - kernel) / stride) + 1`.
    pub const fn count(self, len: usize) -> usize {
        match (len + 2 * self.padding).checked_sub(self.kernel) {
            Some(room) => room / self.stride + 1,
            None => 0,
        }
    }

    /// The part of an axis of `len` numbers that window `index` covers.
    pub fn covers(self, index: usize, len: usize) -> Range<usize> {
        let start = index * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel).saturating_sub(self.padding).min(len)
    }

    /// From the first number that one of `windows` of an axis of `len` numbers covers to the last; nothing if there are none.
    pub fn covered(self, windows: &Range<usize>, len: usize) -> Range<usize> {
        match windows.is_empty() {
            true => 0..0,
            false => self.covers(windows.start, len).start..self.covers(windows.end - 1, len).end,
        }
    }

    /// The windows that cover any of `part` of an axis of `len` numbers.
    pub fn touching(self, part: &Range<usize>, len: usize) -> Range<usize> {
        let count = self.count(len);
        let first = (0..count).find(|&index| self.covers(index, len).end > part.start).unwrap_or(count);
        let end = (first..count).find(|&index| self.covers(index, len).start >= part.end).unwrap_or(count);
        first..end
    }
}
