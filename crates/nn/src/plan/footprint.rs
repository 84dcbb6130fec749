//! What a session would take of the machine's memory, told before any of it is asked for.

use super::cut::Cut;
use super::layer::packed_len;
use super::sizes::Sizes;
use super::{Plan, Schedule};
use rarefy_core::Pattern;
use rarefy_core::memory::bytes_of;

/// Batches of images that whoever feeds a session has at a time: a loader prepares two while one is used.
const BATCHES: u64 = 3;

/// Bytes of a packed weight in both directions: its value, its place in the column and its tap's offset.
const PACKED_BYTES: u64 = 2 * 3 * 4;

/// Memory of a session of a plan, as a function of its batch.
pub(crate) struct Footprint<'a> {
    plan: &'a Plan,
    /// Packed weights of each prunable layer.
    weights: Vec<usize>,
    threads: usize,
}

impl<'a> Footprint<'a> {
    /// Of `plan`, which need not have been compiled, with these patterns.
    pub(crate) fn new(plan: &'a Plan, patterns: &[Pattern], threads: usize) -> Self {
        Self { plan, weights: patterns.iter().map(packed_len).collect(), threads }
    }

    /// Bytes of everything for passes of up to `max_batch` samples in steps of up to `step`: work space for
    /// training and evaluation, packed weights, logits, and the batches of images.
    pub(crate) fn bytes(&self, max_batch: usize, step: usize) -> u64 {
        let plan = self.plan;
        let cut = Cut { max_batch, step, lanes: plan.isa.lanes() };
        // All gradients have whole groups of samples, so that buffers grow with their number.
        let groups = |samples: usize| samples.div_ceil(cut.lanes);
        let scaled = |&len: &usize| (len / groups(plan.max_batch).max(1)).saturating_mul(groups(max_batch));
        let schedule = Schedule {
            backward: plan.schedule.backward.clone(),
            buffers: plan.schedule.buffers.iter().map(scaled).collect(),
            ..plan.schedule
        };
        let training = Sizes::training(&plan.program, &schedule, &self.weights, cut, self.threads);
        let evaluation = Sizes::evaluation(&plan.forward_only, cut).bytes();
        let packed = self.weights.iter().map(|&weights| PACKED_BYTES.saturating_mul(weights as u64));
        let pixels = plan.program.tensors.first().map_or(0, |images| images.extent.len());
        let logits = bytes_of::<f32>(step.saturating_mul(plan.classes()).saturating_mul(2));
        let parts = [
            training.bytes(),
            evaluation.saturating_mul(self.threads as u64),
            logits,
            BATCHES.saturating_mul(bytes_of::<f32>(step.saturating_mul(pixels))),
        ];
        packed.chain(parts).fold(0, u64::saturating_add)
    }

    /// Most samples up to `most` whose `bytes` are at most `free`, in whole groups where they are fewer; 0 if
    /// there are none.
    pub(crate) fn most(&self, most: usize, free: u64, bytes: impl Fn(&Self, usize) -> u64) -> usize {
        let lanes = self.plan.isa.lanes();
        let samples = |groups: usize| (groups * lanes).min(most);
        let (mut fits, mut exceeds) = (0, most.div_ceil(lanes) + 1);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            if bytes(self, samples(middle)) <= free {
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        samples(fits)
    }
}
