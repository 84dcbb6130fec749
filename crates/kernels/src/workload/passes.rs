//! Work of the kernels that go over planes or columns once.

use super::KernelKind;
use crate::{
    AdamStep, Buffer, Gate, Isa, MAX_LANES, NormTerm, SgdStep, Term, adam, combine, finish_gradient,
    plane_sums, reduce_accumulators, row_moments, sgd,
};

/// Planes, and numbers of each: together half of a small first cache.
const CHANNELS: usize = 4;
const POSITIONS: usize = 512;
/// Partial sums of every weight.
const CHUNKS: usize = 16;

#[derive(Debug)]
pub(super) struct Passes {
    kernel: KernelKind,
    planes: [Buffer; 4],
    per_channel: Vec<f32>,
    sums: [Vec<f64>; 3],
    lane_sums: Vec<f32>,
    order: Vec<u32>,
}

impl Passes {
    pub(super) fn new(isa: Isa, kernel: KernelKind) -> Self {
        let planes = [0.5, 0.25, 0.125, 1.0].map(|value| {
            let mut planes = Buffer::zeros(CHANNELS * POSITIONS);
            planes.fill(value);
            planes
        });
        Self {
            kernel,
            planes,
            per_channel: vec![0.5; CHANNELS],
            sums: [(); 3].map(|()| vec![0.0; CHANNELS]),
            lane_sums: vec![0.0; CHANNELS * 2 * MAX_LANES],
            order: (0..(CHANNELS * POSITIONS / CHUNKS / isa.lanes()) as u32).collect(),
        }
    }

    pub(super) fn run(&mut self, isa: Isa) {
        let Self { planes: [a, b, c, mask], per_channel, sums, lane_sums, order, .. } = self;
        let (n, affine) = (POSITIONS, Some((&per_channel[..], &per_channel[..])));
        let [total, first, second] = sums;
        match self.kernel {
            KernelKind::Combine { terms, relu } => {
                let both = [Term { planes: a, affine }, Term { planes: b, affine }];
                combine(isa, &both[..terms], relu, mask, n, n, c, 0, n, None, CHANNELS);
            }
            KernelKind::Finish { norms } => {
                let mut both = [
                    NormTerm { planes: &b[..], mean: &per_channel[..], sums: first },
                    NormTerm { planes: &mask[..], mean: &per_channel[..], sums: second },
                ];
                let gate = Gate::Relu { tile: mask, lead: 0, stride: n };
                finish_gradient(isa, c, false, Some((a, n)), &[], gate, &mut both[..norms], total, n, n);
            }
            KernelKind::RowMoments => row_moments(isa, a, n, n, mask, per_channel, lane_sums),
            KernelKind::PlaneSums => plane_sums(isa, a, n, n, total),
            KernelKind::Reduce => reduce_accumulators(isa, a, order, c),
            KernelKind::Sgd => {
                let step =
                    SgdStep { lr: 1e-3, momentum: 0.9, nesterov: true, weight_decay: 5e-4, first: false };
                sgd(isa, step, a, b, c);
            }
            KernelKind::Adam => {
                let step =
                    AdamStep { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, step: 10 };
                adam(isa, step, a, b, c, mask);
            }
            // The products' work is of another kind.
            KernelKind::Spmm { .. } | KernelKind::Sddmm { .. } => {}
        }
    }

    /// Planes (or columns) read and written; a mask of one plane stays in registers' reach.
    pub(super) fn bytes(&self) -> usize {
        let planes = match self.kernel {
            KernelKind::Combine { terms, .. } => terms + 1,
            KernelKind::Finish { norms } => 3 + norms,
            KernelKind::RowMoments | KernelKind::PlaneSums | KernelKind::Reduce => 1,
            KernelKind::Sgd => 5,
            KernelKind::Adam => 7,
            KernelKind::Spmm { .. } | KernelKind::Sddmm { .. } => 0,
        };
        planes * CHANNELS * POSITIONS * size_of::<f32>()
    }
}
