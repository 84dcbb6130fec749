//! How much memory passes need, known before any of it is taken.

use super::cut::Cut;
use super::layout::Layout;
use super::program::{Convolve, Forward, Program};
use super::schedule::{Backward, Schedule};
use super::workspace::NormState;
use rarefy_core::memory::bytes_of;
use rarefy_kernels::{FINISH_SCRATCH, Moments, partial_len};

/// Lengths of everything in a [`super::Workspace`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Numbers of each stored activation.
    pub(crate) tensors: Vec<usize>,
    /// Numbers of each gradient buffer.
    pub(crate) gradients: Vec<usize>,
    /// Channels of all batch norms.
    norm_channels: usize,
    pub(crate) moments: usize,
    pub(crate) sums: usize,
    pub(crate) bias_sums: usize,
    pub(crate) partials: usize,
    pub(crate) loss_row: usize,
    /// Of each thread.
    pub(crate) scratch: ScratchSizes,
    pub(crate) threads: usize,
}

/// Lengths of what each thread has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScratchSizes {
    pub(crate) flat: usize,
    pub(crate) tile: usize,
    pub(crate) gradient_tile: usize,
    pub(crate) dx: usize,
    pub(crate) partial: usize,
    pub(crate) accumulators: usize,
    pub(crate) flat_gradient: usize,
    /// Most channels of any tensor.
    pub(crate) channels: usize,
}

impl Sizes {
    /// Of training passes on up to `threads` threads. `weights` has the packed values of each prunable layer.
    pub(crate) fn training(
        program: &Program,
        schedule: &Schedule,
        weights: &[usize],
        cut: Cut,
        threads: usize,
    ) -> Self {
        let batch = cut.max_batch;
        let mut sizes = Self::forward(program, batch, cut, threads);
        let Sizes { partials, bias_sums, scratch, .. } = &mut sizes;
        for op in &program.forward {
            let Forward::Convolve(Convolve { layer, geometry, .. }) = op else { continue };
            scratch.gradient_tile = geometry.gradient_len().max(scratch.gradient_tile);
            scratch.dx = geometry.dx_len().max(scratch.dx);
            let weights = weights.get(*layer).copied().unwrap_or(0);
            let chunks = batch.div_ceil(cut.weight_chunk(weights));
            scratch.accumulators = scratch.accumulators.max(weights.saturating_mul(cut.lanes));
            *partials = (*partials).max(chunks.saturating_mul(weights));
            *bias_sums = (*bias_sums).max(chunks.saturating_mul(geometry.window.output.channels));
        }
        let apart = schedule.backward.iter().filter_map(|op| match op {
            Backward::Finish { value, .. } => Some(program.layout(*value).group_len()),
            _ => None,
        });
        scratch.flat = apart.max().unwrap_or(0).max(scratch.flat);
        scratch.flat_gradient = scratch.flat;
        sizes.gradients.clone_from(&schedule.buffers);
        sizes
    }

    /// Of forward passes of one group on one thread.
    pub(crate) fn evaluation(program: &Program, cut: Cut) -> Self {
        Self::forward(program, cut.lanes, cut, 1)
    }

    /// What forward passes of `batch` samples need.
    fn forward(program: &Program, batch: usize, cut: Cut, threads: usize) -> Self {
        let mut scratch = ScratchSizes::default();
        for op in &program.forward {
            match op {
                Forward::Convolve(Convolve { geometry: g, .. }) => {
                    scratch.tile = g.tile_len().max(scratch.tile);
                    // As for most groups and blocks: a pattern may change.
                    let planes = g.window.output.channels.max(g.read * g.window.input.channels);
                    scratch.partial = partial_len(planes, 2).max(scratch.partial);
                }
                // What is evaluated whole: what pools read and what is stored apart from any convolution.
                Forward::Pool { source: value, .. } | Forward::Store { value } => {
                    scratch.flat = program.layout(*value).group_len().max(scratch.flat);
                }
                Forward::Measure { .. } => {}
            }
        }
        let channels = |layout: &Layout| layout.extent.channels;
        scratch.channels = program.tensors.iter().map(channels).max().unwrap_or(0);
        let chunks = batch.div_ceil(cut.chunk());
        Self {
            tensors: program.tensors.iter().map(|layout| layout.len(batch)).collect(),
            norm_channels: program.norms.iter().map(|norm| norm.channels).sum(),
            moments: chunks.saturating_mul(scratch.channels),
            sums: chunks.saturating_mul(3 * scratch.channels),
            loss_row: 2 * program.layout(program.logits).extent.channels,
            scratch,
            threads: threads.max(1),
            ..Self::default()
        }
    }

    /// All of them, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let buffers = self.tensors.iter().chain(&self.gradients).map(|&len| bytes_of::<f32>(len));
        let lists = [
            self.norm_channels as u64 * NormState::CHANNEL_BYTES,
            bytes_of::<Moments>(self.moments),
            bytes_of::<f64>(self.sums),
            bytes_of::<f64>(self.bias_sums),
            bytes_of::<f32>(self.partials),
            bytes_of::<f32>(self.loss_row),
            self.scratch.bytes().saturating_mul(self.threads as u64),
        ];
        buffers.chain(lists).fold(0, u64::saturating_add)
    }
}

impl ScratchSizes {
    fn bytes(&self) -> u64 {
        let Self { flat, tile, gradient_tile, dx, partial, accumulators, flat_gradient, channels } = *self;
        let f32s = [flat, tile, gradient_tile, dx, partial, accumulators, flat_gradient];
        let buffers = f32s.into_iter().map(bytes_of::<f32>).fold(0, u64::saturating_add);
        // Lane sums and shifts in 4 bytes each, sums that nobody reads in 8.
        buffers.saturating_add(channels as u64 * (4 * FINISH_SCRATCH as u64 + 4 + 8))
    }
}
