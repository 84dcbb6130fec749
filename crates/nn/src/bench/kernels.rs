//! Kernel instances one by one, and which of them the engine picks.

use super::LayerShape;
use crate::graph::{Extent, GraphError};
use crate::plan::Plan;
use rarefy_core::{Block, Pattern, WeightShape};
use rarefy_kernels::workload::{Instance, KernelKind, Workload};
use rarefy_kernels::{Isa, balanced, tile_taps, tile_vectors};
use std::time::{Duration, Instant};

/// Calls are timed in lots of at least so long: a call takes less than reading the clock.
const LOT: Duration = Duration::from_micros(200);

/// What an instance reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceRate {
    /// Seconds of a call: the median of all lots.
    pub seconds: f64,
    /// Floating-point operations a second, two a multiply-add; 0 for kernels that are bound by memory.
    pub flops_per_sec: f64,
    /// Bytes loaded and stored a second.
    pub bytes_per_sec: f64,
}

/// Times `instance` in so many lots of calls, at least one.
pub fn measure_instance(instance: Instance, lots: usize) -> InstanceRate {
    let mut workload = Workload::new(instance);
    let mut calls = 1_u32;
    let mut time = |calls: u32| {
        let started = Instant::now();
        (0..calls).for_each(|_| workload.run());
        started.elapsed()
    };
    while time(calls) < LOT && calls < 1 << 20 {
        calls *= 2;
    }
    let mut lots: Vec<f64> = (0..lots.max(1)).map(|_| time(calls).as_secs_f64() / f64::from(calls)).collect();
    lots.sort_by(f64::total_cmp);
    // A clock that stood still would make every rate infinite.
    let seconds = lots[lots.len() / 2].max(1e-9);
    InstanceRate {
        seconds,
        flops_per_sec: 2.0 * workload.multiply_adds() as f64 / seconds,
        bytes_per_sec: workload.bytes() as f64 / seconds,
    }
}

/// What decides the instances that a layer runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picks {
    isa: Isa,
    /// Vectors of an output plane.
    vectors: usize,
    /// Vectors that a cut of the positions keeps together.
    unit: usize,
    /// Taps of a group of outputs with one horizontal shift.
    taps: usize,
}

impl Picks {
    /// For 3x3 convolutions with stride 1 on images of `size` x `size`, with `taps` taps in each group of output channels.
    ///
    /// # Errors
    /// A size of 0.
    pub fn new(size: usize, taps: usize) -> Result<Self, GraphError> {
        let input = Extent { channels: 1, height: size, width: size };
        let graph = LayerShape { input, outputs: 1, kernel: 3, stride: 1 }.graph()?;
        let isa = Isa::best();
        let pattern = Pattern::full(WeightShape::conv(1, 1, 3, 3), Block::UNSTRUCTURED);
        let patterns: Vec<Pattern> = pattern.into_iter().collect();
        let plan = Plan::new(&graph, &patterns, 1, isa, false);
        let (unit, runs) = plan.shifts();
        Ok(Self { isa, vectors: plan.output_positions() / isa.lanes(), unit, taps: taps.div_ceil(runs) })
    }

    /// Whether such a layer runs `instance`.
    pub fn has(&self, instance: Instance) -> bool {
        instance.isa == self.isa
            && match instance.kernel {
                KernelKind::Spmm { rows, vectors } => {
                    let most = tile_vectors(rows, self.isa.lanes()) / self.unit;
                    most > 0
                        && balanced(self.vectors / self.unit, most).any(|units| units * self.unit == vectors)
                }
                KernelKind::Sddmm { rows, taps } => {
                    balanced(self.taps, tile_taps(rows, self.isa.lanes())).any(|width| width == taps)
                }
                _ => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_positive_and_belong_to_the_work() {
        let instances = Instance::all();
        let instance = instances[0];
        let rate = measure_instance(instance, 3);
        assert!(rate.seconds > 0.0);
        let flops = 2.0 * Workload::new(instance).multiply_adds() as f64;
        assert!((rate.flops_per_sec * rate.seconds / flops - 1.0).abs() < 1e-9, "{rate:?}");
    }

    #[test]
    fn a_layer_runs_instances_of_the_best_instruction_set_in_every_number_of_rows() {
        let picks = Picks::new(32, 24).expect("a size");
        let picked: Vec<Instance> =
            Instance::all().into_iter().filter(|instance| picks.has(*instance)).collect();
        assert!(picked.iter().all(|instance| instance.isa == Isa::best()));
        for wanted in [1, 2, 4] {
            let spmm = |instance: &Instance| matches!(instance.kernel, KernelKind::Spmm { rows, .. } if rows == wanted);
            let sddmm = |instance: &Instance| matches!(instance.kernel, KernelKind::Sddmm { rows, .. } if rows == wanted);
            // Balanced parts differ by one at most.
            assert!((1..=2).contains(&picked.iter().filter(|of| spmm(of)).count()));
            assert!((1..=2).contains(&picked.iter().filter(|of| sddmm(of)).count()));
        }
        assert!(Picks::new(0, 24).is_err());
    }
}
