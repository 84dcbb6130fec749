//! Everything a pass writes to: owned by one caller, reused by every pass.

use super::Plan;
use super::clock::{Clock, Part};
use super::program::{Norm, Program};
use super::sizes::{ScratchSizes, Sizes};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_kernels::{Buffer, FINISH_SCRATCH, Moments};
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
    /// Bytes of a channel.
    pub(crate) const CHANNEL_BYTES: u64 = 7 * size_of::<f32>() as u64 + size_of::<f64>() as u64;

    fn new(norm: &Norm) -> Result<Self, OutOfMemory> {
        let zeros = || memory::zeros(norm.channels, "the statistics of a batch norm");
        Ok(Self {
            scale: zeros()?,
            shift: zeros()?,
            mean: zeros()?,
            inv_std: memory::zeros(norm.channels, "the statistics of a batch norm")?,
            unbiased: zeros()?,
            of_gradient: zeros()?,
            of_input: zeros()?,
            constant: zeros()?,
        })
    }
}

impl NormState {
    /// Whether the statistics and what is made of them are.
    pub(crate) fn is_finite(&self) -> bool {
        let numbers = [&self.mean, &self.unbiased, &self.scale, &self.shift];
        numbers.into_iter().flatten().all(|number| number.is_finite())
            && self.inv_std.iter().all(|number| number.is_finite())
    }
}

/// Zeros aligned to cache lines, by the rules of [`rarefy_core::memory`].
pub(super) fn buffer(len: usize, what: &'static str) -> Result<Buffer, OutOfMemory> {
    let bytes = memory::bytes_of::<f32>(len);
    memory::check_large(bytes, what)?;
    memory::asking(|| Buffer::zeros(len)).ok_or(OutOfMemory { what, bytes, free: None })
}

const SCRATCH: &str = "the work space of a thread";

impl Scratch {
    fn new(sizes: &ScratchSizes) -> Result<Self, OutOfMemory> {
        Ok(Self {
            flat: buffer(sizes.flat, SCRATCH)?,
            tile: buffer(sizes.tile, SCRATCH)?,
            gradient_tile: buffer(sizes.gradient_tile, SCRATCH)?,
            dx: buffer(sizes.dx, SCRATCH)?,
            partial: buffer(sizes.partial, SCRATCH)?,
            accumulators: buffer(sizes.accumulators, SCRATCH)?,
            flat_gradient: buffer(sizes.flat_gradient, SCRATCH)?,
            lane_sums: memory::zeros(sizes.channels * FINISH_SCRATCH, SCRATCH)?,
            shift: memory::zeros(sizes.channels, SCRATCH)?,
            unread: memory::zeros(sizes.channels, SCRATCH)?,
            clock: Clock::default(),
        })
    }
}

impl Workspace {
    /// Memory for passes of `plan` on up to `threads` threads.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn new(plan: &Plan, threads: usize) -> Result<Self, OutOfMemory> {
        let weights: Vec<usize> = plan.layers.iter().map(|layer| layer.forward.order.len()).collect();
        Self::of(
            &plan.program,
            &Sizes::training(&plan.program, &plan.schedule, &weights, plan.cut(), threads),
        )
    }

    /// Memory for forward passes of one group on one thread.
    pub(crate) fn for_evaluation(plan: &Plan) -> Result<Self, OutOfMemory> {
        Self::of(&plan.forward_only, &Sizes::evaluation(&plan.forward_only, plan.cut()))
    }

    fn of(program: &Program, sizes: &Sizes) -> Result<Self, OutOfMemory> {
        let buffers =
            |lens: &[usize], what| lens.iter().map(|&len| buffer(len, what)).collect::<Result<_, _>>();
        let sums = "sums over samples";
        Ok(Self {
            tensors: buffers(&sizes.tensors, "the activations of a batch")?,
            gradients: buffers(&sizes.gradients, "the gradients of a batch")?,
            norms: program.norms.iter().map(NormState::new).collect::<Result<_, _>>()?,
            moments: memory::filled(sizes.moments, Moments::default(), sums)?,
            sums: memory::zeros(sizes.sums, sums)?,
            bias_sums: memory::zeros(sizes.bias_sums, sums)?,
            partials: memory::zeros(sizes.partials, "the weight gradients of a layer")?,
            loss_row: memory::zeros(sizes.loss_row, "the logits of a sample")?,
            scratch: (0..sizes.threads)
                .map(|_| Scratch::new(&sizes.scratch).map(Mutex::new))
                .collect::<Result<_, _>>()?,
            clock: Clock::default(),
        })
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
