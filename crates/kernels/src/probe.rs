//! As many multiply-adds as the machine can do: the yardstick of every other kernel.

use crate::Isa;
use crate::lanes::{Kernel, Lanes};

/// Independent sums of [`multiply_adds`]: enough to hide the latency of every unit, few enough for 16 registers.
pub const CHAINS: usize = 12;

/// `rounds` times `x = x / 2 + 1` in [`CHAINS`] vectors of registers that all start at `start`; the sum of all numbers, so
/// that the work cannot be left out.
///
/// That is `rounds * CHAINS * isa.lanes()` multiply-adds, two floating-point operations each, without any memory.
pub fn multiply_adds(isa: Isa, rounds: u64, start: f32) -> f32 {
    isa.run(Probe { rounds, start })
}

struct Probe {
    rounds: u64,
    start: f32,
}

impl Kernel for Probe {
    type Output = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> f32 {
        let (half, one) = (lanes.splat(0.5), lanes.splat(1.0));
        let mut sums = [lanes.splat(self.start); CHAINS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = lanes.mul_add(*sum, half, one);
            }
        }
        sums.iter().fold(0.0, |total, &sum| total + lanes.sum(sum))
    }
}
