//! Random numbers that need no strategy of their own: a seed is enough, shapes are what shrinks.

use rarefy_core::random::{Purpose, Stream};

/// Numbers that spread over the output of a kernel or stop it.
pub(crate) const POISONS: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// An endless supply of test numbers.
pub(crate) struct Numbers(Stream);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Stream::new(seed, Purpose::Synthetic, 0))
    }

    /// Uniform in -2..2, all bits of the mantissa in use.
    pub(crate) fn next(&mut self) -> f32 {
        (self.0.word() >> 40) as f32 / (1 << 22) as f32 - 2.0
    }

    /// Uniform in `0..bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.word() % bound.max(1) as u64) as usize
    }

    pub(crate) fn list(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.next()).collect()
    }

    /// 0 or 1 per position: rows of `pitch` positions whose last is no pixel, and no pixel from a random position on, as in
    /// a group that the last samples of a batch do not fill.
    pub(crate) fn mask(&mut self, positions: usize) -> Vec<f32> {
        let (pitch, end) = (2 + self.below(9), 1 + self.below(positions));
        (0..positions).map(|p| if p < end && p % pitch != pitch - 1 { 1.0 } else { 0.0 }).collect()
    }
}
