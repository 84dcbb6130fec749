//! Random numbers that need no strategy of their own: a seed is enough, shapes are what shrinks.

use super::Gaps;
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

    /// 0 or 1 per lane, at least one of them 1: no sample from a random lane on, as in a group that the last samples of a batch do
    /// not fill, and none in some lane before.
    pub(crate) fn mask(&mut self, lanes: usize) -> Vec<f32> {
        let (end, hole) = (1 + self.below(lanes), 1 + self.below(2 * lanes));
        (0..lanes).map(|lane| if lane < end && lane != hole { 1.0 } else { 0.0 }).collect()
    }

    /// Mostly odd distances: neither planes nor rows are aligned.
    pub(crate) fn gaps(&mut self) -> Gaps {
        Gaps {
            lead: self.below(20),
            row: self.below(20),
            plane: self.below(20),
            interleaved: self.below(4) == 0,
        }
    }
}
