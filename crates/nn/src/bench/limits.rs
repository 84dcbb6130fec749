//! What the machine can do at most, measured when asked.

use rarefy_kernels::{CHAINS, Grid, Isa, multiply_adds, plane_sums};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Upper limits of the machine with a number of threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Floating-point operations a second of multiply-adds in registers, two each, over all threads.
    pub flops_per_sec: f64,
    /// Bytes a second of a sequential read of [`READ_BYTES`] by every thread, over all threads.
    pub bytes_per_sec: f64,
}

/// What every thread reads: more than any cache of its own.
pub const READ_BYTES: usize = 32 << 20;

/// The best of so many measurements counts: others use the machine too.
const ROUNDS: usize = 5;

/// Of one measurement of arithmetic.
const LEAST: Duration = Duration::from_millis(10);

impl Limits {
    /// Measures with `isa` on `threads` threads, at least one; takes about a tenth of a second.
    pub fn measure(isa: Isa, threads: usize) -> Self {
        let threads = threads.max(1);
        let rates = on_threads(threads, || (arithmetic(isa), reading(isa)));
        Self {
            flops_per_sec: rates.iter().map(|(flops, _)| flops).sum(),
            bytes_per_sec: rates.iter().map(|(_, bytes)| bytes).sum(),
        }
    }
}

/// Runs `measure` on so many threads at once.
fn on_threads<T: Send>(threads: usize, measure: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&measure)).collect();
        let own = measure();
        // A thread that measures does not panic; if it did, its share would be missing.
        others.into_iter().filter_map(|other| other.join().ok()).chain([own]).collect()
    })
}

fn arithmetic(isa: Isa) -> f64 {
    let mut rounds = 1 << 14;
    let mut best = 0.0_f64;
    let mut measured = 0;
    while measured < ROUNDS {
        let started = Instant::now();
        black_box(multiply_adds(isa, black_box(rounds), black_box(1.0)));
        let took = started.elapsed();
        if took < LEAST {
            rounds *= 2;
            continue;
        }
        measured += 1;
        best = best.max((2 * rounds as usize * CHAINS * isa.lanes()) as f64 / took.as_secs_f64());
    }
    best
}

fn reading(isa: Isa) -> f64 {
    let numbers = READ_BYTES / size_of::<f32>();
    // Written once, so that every page is there.
    let buffer = vec![1.0_f32; numbers];
    let mut sums = [0.0; 64];
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let plane = numbers / sums.len();
        plane_sums(isa, black_box(&buffer), Grid { plane, row: plane }, 1, plane, &mut sums);
        black_box(&mut sums);
        best = best.max(READ_BYTES as f64 / started.elapsed().as_secs_f64());
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_positive_numbers_on_every_instruction_set() {
        for isa in Isa::available() {
            let limits = Limits::measure(isa, 2);
            assert!(limits.flops_per_sec.is_finite() && limits.flops_per_sec > 0.0, "{limits:?}");
            assert!(limits.bytes_per_sec.is_finite() && limits.bytes_per_sec > 0.0, "{limits:?}");
        }
    }
}
