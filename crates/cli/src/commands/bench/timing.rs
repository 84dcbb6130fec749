//! Random inputs and summaries of times.

use rarefy::core::memory::{self, OutOfMemory};
use rarefy::core::random::{Purpose, Stream};
use std::time::Instant;

/// Times of repetitions of one thing, in milliseconds.
#[derive(Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Runs once and counts it.
    pub(super) fn measure<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = run();
        self.push_since(started);
        result
    }

    /// Counts a repetition that has just ended.
    pub(super) fn push_since(&mut self, started: Instant) {
        self.push(started.elapsed().as_secs_f64() * 1e3);
    }

    /// Billions of operations a second at the median, two a multiply-add of one repetition.
    pub(super) fn gflops(&self, multiply_adds: f64) -> f64 {
        2.0 * multiply_adds / self.median_ms() / 1e6
    }

    /// Repetitions counted.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Counts a repetition of so many milliseconds.
    pub(super) fn push(&mut self, ms: f64) {
        let at = self.0.partition_point(|&other| other < ms);
        self.0.insert(at, ms);
    }

    /// Of an even number the mean of the middle two; 0 of none.
    pub(super) fn median_ms(&self) -> f64 {
        let middle = |index: usize| self.0.get(index).copied().unwrap_or(0.0);
        (middle(self.0.len().saturating_sub(1) / 2) + middle(self.0.len() / 2)) / 2.0
    }

    /// The least; 0 of none.
    pub(super) fn min_ms(&self) -> f64 {
        self.0.first().copied().unwrap_or(0.0)
    }
}

/// Standard normal images and uniform labels.
///
/// # Errors
/// Memory that cannot be had.
pub(super) fn synthetic(
    batch: usize,
    pixels: usize,
    classes: usize,
    seed: u64,
) -> Result<(Vec<f32>, Vec<u32>), OutOfMemory> {
    let mut stream = Stream::new(seed, Purpose::Synthetic, 0);
    let numbers = std::iter::repeat_with(|| stream.normal() as f32);
    let images = memory::collected(batch.saturating_mul(pixels), numbers, "a batch of images")?;
    let classes = std::iter::repeat_with(|| stream.below(classes as u64) as u32);
    Ok((images, memory::collected(batch, classes, "a batch of labels")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(ms: &[f64]) -> Times {
        let mut times = Times::default();
        ms.iter().for_each(|&ms| times.push(ms));
        times
    }

    #[test]
    fn the_median_of_an_even_number_of_steps_is_between_the_middle_ones() {
        let four = times(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!((four.median_ms(), four.min_ms()), (2.5, 1.0));
        assert_eq!(times(&[7.0]).median_ms(), 7.0);
        assert_eq!(times(&[9.0, 7.0, 8.0]).median_ms(), 8.0);
    }
}
