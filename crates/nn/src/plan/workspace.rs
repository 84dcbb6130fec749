//! Everything a pass writes to: owned by one caller, reused by every pass.

use super::Plan;
use super::clock::{Clock, Part};
use super::program::{Convolve, Forward, Norm, Program};
use super::schedule::Backward;
use rarefy_kernels::{Buffer, FINISH_SCRATCH, Moments, partial_len};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Memory of one caller of a [`Plan`].
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) tensors: Vec<Buffer>,
    pub(crate) gradients: Vec<Buffer>,
    pub(crate) norms: Vec<NormState>,
    /// `[chunk][channel]`
    pub(crate) moments: Vec<Moments>,
    /// `[chunk][3][channel]`: sums of a finished gradient, then of its product with each norm's input.
    pub(crate) sums: Vec<f64>,
    /// `[chunk][output]` of a linear layer.
    pub(crate) bias_sums: Vec<f64>,
    /// `[chunk][packed weight]` of one layer: partial weight gradients.
    pub(crate) partials: Vec<f32>,
    /// Logits of one sample and their gradient.
    pub(crate) loss_row: Vec<f32>,
    pub(crate) scratch: Vec<Mutex<Scratch>>,
    /// The caller's.
    pub(crate) clock: Clock,
}

/// Per thread: tiles that stay in cache.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A group of a value evaluated as its tensors are placed.
    pub(crate) flat: Buffer,
    pub(crate) tile: Buffer,
    pub(crate) gradient_tile: Buffer,
    /// Input gradient of a strip in planes `[phase][channel]`.
    pub(crate) dx: Buffer,
    /// Sums of a register tile between blocks of taps.
    pub(crate) partial: Buffer,
    /// `[packed weight][lane]` of one layer and chunk: sums of the weight gradient.
    pub(crate) accumulators: Buffer,
    /// A pool's gradient as its source's tensors are placed.
    pub(crate) flat_gradient: Buffer,
    /// Per channel lane sums of moments, or of a gradient and its products.
    pub(crate) lane_sums: Vec<f32>,
    pub(crate) shift: Vec<f32>,
    /// Per channel sums that nobody reads.
    pub(crate) unread: Vec<f64>,
    pub(crate) clock: Clock,
}

/// A batch norm's per-channel numbers for the pass at hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct NormState {
    /// `y = scale * x + shift`
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
    pub(crate) mean: Vec<f32>,
    pub(crate) inv_std: Vec<f64>,
    /// Unbiased variance of the batch.
    pub(crate) unbiased: Vec<f32>,
    /// `dx = of_gradient * dy + of_input * x + constant`
    pub(crate) of_gradient: Vec<f32>,
    pub(crate) of_input: Vec<f32>,
    pub(crate) constant: Vec<f32>,
}

impl NormState {
    fn new(norm: &Norm) -> Self {
        let zeros = vec![0.0; norm.channels];
        Self {
            scale: zeros.clone(),
            shift: zeros.clone(),
            mean: zeros.clone(),
            inv_std: vec![0.0; norm.channels],
            unbiased: zeros.clone(),
            of_gradient: zeros.clone(),
            of_input: zeros.clone(),
            constant: zeros,
        }
    }
}

impl Workspace {
    /// Memory for passes of `plan` on up to `threads` threads.
    pub fn new(plan: &Plan, threads: usize) -> Self {
        let batch = plan.max_batch;
        let mut workspace = Self::forward(plan, &plan.program, batch, threads);
        let (mut accumulators, mut partials, mut bias_sums) = (0, 0, 0);
        let (mut gradient_tile, mut dx) = (0, 0);
        for op in &plan.program.forward {
            let Forward::Convolve(convolve) = op else { continue };
            let g = &convolve.geometry;
            (gradient_tile, dx) = (g.gradient_len().max(gradient_tile), g.dx_len().max(dx));
            let weights = plan.layers[convolve.layer].forward.order.len();
            let chunks = batch.div_ceil(plan.weight_chunk(op));
            accumulators = accumulators.max(weights * plan.isa.lanes());
            partials = partials.max(chunks * weights);
            bias_sums = bias_sums.max(chunks * g.window.output.channels);
        }
        let apart = plan.schedule.backward.iter().filter_map(|op| match op {
            Backward::Finish { value, .. } => Some(plan.program.layout(*value).group_len()),
            _ => None,
        });
        let apart = apart.max().unwrap_or(0);
        for scratch in &mut workspace.scratch {
            let scratch = scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
            if scratch.flat.len() < apart {
                scratch.flat = Buffer::zeros(apart);
            }
            scratch.flat_gradient = Buffer::zeros(scratch.flat.len());
            scratch.gradient_tile = Buffer::zeros(gradient_tile);
            scratch.dx = Buffer::zeros(dx);
            scratch.accumulators = Buffer::zeros(accumulators);
        }
        workspace.gradients = plan.schedule.buffers.iter().map(|&len| Buffer::zeros(len)).collect();
        workspace.partials = vec![0.0; partials];
        workspace.bias_sums = vec![0.0; bias_sums];
        workspace
    }

    /// Memory for forward passes of one group on one thread.
    pub(crate) fn for_evaluation(plan: &Plan) -> Self {
        Self::forward(plan, &plan.forward_only, plan.isa.lanes(), 1)
    }

    /// What forward passes of `batch` samples need.
    fn forward(plan: &Plan, program: &Program, batch: usize, threads: usize) -> Self {
        let (mut tile, mut partial) = (0, 0);
        // What is evaluated whole: what pools read and what is stored apart from any convolution.
        let mut flat = 0;
        for op in &program.forward {
            match op {
                Forward::Convolve(Convolve { geometry: g, .. }) => {
                    tile = g.tile_len().max(tile);
                    // As for most groups and blocks: a pattern may change.
                    let planes = g.window.output.channels.max(g.read * g.window.input.channels);
                    partial = partial_len(planes, 2).max(partial);
                }
                Forward::Pool { source: value, .. } | Forward::Store { value } => {
                    flat = program.layout(*value).group_len().max(flat);
                }
                Forward::Measure { .. } => {}
            }
        }
        let channels = program.tensors.iter().map(|layout| layout.extent.channels).max().unwrap_or(0);
        let chunks = batch.div_ceil(plan.chunk());
        let scratch = || Scratch {
            flat: Buffer::zeros(flat),
            tile: Buffer::zeros(tile),
            partial: Buffer::zeros(partial),
            lane_sums: vec![0.0; channels * FINISH_SCRATCH],
            shift: vec![0.0; channels],
            unread: vec![0.0; channels],
            ..Scratch::default()
        };
        Self {
            tensors: program.tensors.iter().map(|layout| Buffer::zeros(layout.len(batch))).collect(),
            norms: program.norms.iter().map(NormState::new).collect(),
            moments: vec![Moments::default(); chunks * channels],
            sums: vec![0.0; chunks * 3 * channels],
            loss_row: vec![0.0; 2 * program.layout(program.logits).extent.channels],
            scratch: (0..threads.max(1)).map(|_| Mutex::new(scratch())).collect(),
            ..Self::default()
        }
    }

    /// Switches all clocks on, at zero, or off.
    pub(crate) fn reset_clocks(&mut self, spans: usize) {
        self.clock.reset(spans);
        for scratch in &mut self.scratch {
            scratch.get_mut().unwrap_or_else(PoisonError::into_inner).clock.reset(spans);
        }
    }

    /// Nanoseconds `[span][part]` of one thread.
    pub(crate) fn nanos_of(&self, thread: usize) -> Vec<[u64; Part::ALL.len()]> {
        self.scratch[thread].lock().unwrap_or_else(PoisonError::into_inner).clock.nanos().to_vec()
    }

    /// The calling thread's scratch, its clock in the operation under way.
    pub(crate) fn scratch(&self) -> MutexGuard<'_, Scratch> {
        let thread = rayon::current_thread_index().unwrap_or(0) % self.scratch.len();
        let mut scratch = self.scratch[thread].lock().unwrap_or_else(PoisonError::into_inner);
        scratch.clock.enter(self.clock.span());
        scratch
    }
}
