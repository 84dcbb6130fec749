//! What the machine can do at most, measured when asked.

use crate::SessionError;
use rarefy_core::memory::{self, OutOfMemory, check_threads};
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
    ///
    /// # Errors
    /// Threads that do not start, memory that cannot be had.
    pub fn measure(isa: Isa, threads: usize) -> Result<Self, SessionError> {
        let rates = on_threads(threads.max(1), || Ok((arithmetic(isa), reading(isa)?)))?;
        Ok(Self {
            flops_per_sec: rates.iter().map(|(flops, _)| flops).sum(),
            bytes_per_sec: rates.iter().map(|(_, bytes)| bytes).sum(),
        })
    }
}

/// Runs `measure` on so many threads at once.
fn on_threads<T: Send>(
    threads: usize,
    measure: impl Fn() -> Result<T, OutOfMemory> + Sync,
) -> Result<Vec<T>, SessionError> {
    check_threads(threads - 1)?;
    let failed = |error: std::io::Error| SessionError::Threads { threads, reason: error.to_string() };
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().spawn_scoped(scope, &measure).map_err(failed);
        let others = (1..threads).map(start).collect::<Result<Vec<_>, _>>()?;
        let own = measure();
        // A thread that measures does not panic; if it did, its share would be missing.
        let all = others.into_iter().filter_map(|other| other.join().ok()).chain([own]);
        Ok(all.collect::<Result<_, _>>()?)
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

fn reading(isa: Isa) -> Result<f64, OutOfMemory> {
    let numbers = READ_BYTES / size_of::<f32>();
    // Written once, so that every page is there.
    let buffer = memory::filled(numbers, 1.0_f32, "what a thread reads")?;
    let mut sums = [0.0; 64];
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let plane = numbers / sums.len();
        plane_sums(isa, black_box(&buffer), Grid { plane, row: plane }, 1, plane, &mut sums);
        black_box(&mut sums);
        best = best.max(READ_BYTES as f64 / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_positive_numbers_on_every_instruction_set() {
        for isa in Isa::available() {
            let limits = Limits::measure(isa, 2).expect("memory and a thread");
            assert!(limits.flops_per_sec.is_finite() && limits.flops_per_sec > 0.0, "{limits:?}");
            assert!(limits.bytes_per_sec.is_finite() && limits.bytes_per_sec > 0.0, "{limits:?}");
        }
    }
}
