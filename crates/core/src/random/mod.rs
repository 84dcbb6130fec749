//! Random numbers as a pure function of (seed, purpose, index).
//!
//! Raw ChaCha8 words with our own bounded integer, shuffle, uniform and normal, pinned by test vectors: neither
//! thread timing nor a crate's sampling code can change a result.

mod bit_set;

use bit_set::BitSet;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for; streams of different purposes are independent. The numbers are part of the file format:
/// never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Which weights exist (index: layer).
    Mask = 1,
    /// Initial values (index: parameter; drawn in order of dense positions).
    Init = 2,
    /// Order of training samples (index: epoch).
    Order = 3,
    /// Augmentation (index: epoch and sample).
    Augment = 4,
    /// Splitting data (index 0).
    Split = 5,
    /// Random growth and dropping (index: update).
    Topology = 6,
    /// Synthetic inputs of benchmarks and tests.
    Synthetic = 7,
    /// Training samples that a saliency looks at (index 0).
    Saliency = 8,
    /// Noise on weights (index: step and layer).
    Noise = 9,
    /// Signs of weights that keep them (index: layer).
    Sign = 10,
    /// Random starts of attacks (index: restart and sample).
    Attack = 20,
    /// Corruptions of images (index: kind, severity and sample).
    Corruption = 21,
    /// Images of noise (index: image).
    Outlier = 22,
}

/// An endless sequence of random words.
#[derive(Clone, Debug)]
pub struct Stream {
    words: ChaCha8Rng,
}

impl Stream {
    /// The stream of (`seed`, `purpose`, `index`).
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&(purpose as u32).to_le_bytes());
        key[12..18].copy_from_slice(b"rarefy");
        let mut words = ChaCha8Rng::from_seed(key);
        words.set_stream(index);
        Self { words }
    }

    /// Jumps to 64-bit word `position`: the next [`Stream::word`] is the `position`-th of the stream.
    pub fn seek(&mut self, position: u64) {
        self.words.set_word_pos(u128::from(position) * 2);
    }

    /// 64 uniform bits.
    pub fn word(&mut self) -> u64 {
        let low = u64::from(self.words.next_u32());
        low | u64::from(self.words.next_u32()) << 32
    }

    /// A uniform integer in `0..bound` (Lemire's multiplication with rejection: exactly uniform). `bound` 0 gives 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.word()) * u128::from(bound);
        // The threshold is below `bound`: most words are accepted without the division.
        if (product as u64) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u64) < threshold {
                product = u128::from(self.word()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// A uniform number in [0, 1) with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A standard normal number (Box-Muller, cosine branch; two words each).
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// Puts `items` in uniformly random order (Fisher-Yates from the end).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }

    /// `count` distinct integers below `bound`, ascending, every set equally likely.
    ///
    /// Floyd's sampling (Bentley & Floyd, *A sample of brilliance*, 1987) of the chosen or of the left-out integers,
    /// whichever are fewer, so at most `bound / 2` draws; a bit per candidate. `count` above `bound` gives all of them.
    pub fn choose(&mut self, bound: u32, count: u32) -> Vec<u32> {
        let count = count.min(bound);
        let few = count.min(bound - count);
        let mut marked = BitSet::new(bound);
        for last in bound - few..bound {
            let candidate = self.below(u64::from(last) + 1) as u32;
            if !marked.insert(candidate) {
                marked.insert(last);
            }
        }
        marked.list(few == count, count as usize)
    }
}
