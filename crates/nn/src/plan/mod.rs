//! The fast CPU engine: a graph compiled once for a largest batch, run from a mutable [`Workspace`].

mod backward;
mod chunks;
mod clock;
mod cut;
mod dense;
mod diagnosis;
mod edit;
mod evaluate;
mod finish;
mod footprint;
mod forward;
mod geometry;
mod layer;
mod layout;
mod loss;
mod lower;
mod norms;
mod pool;
mod profile;
mod program;
mod schedule;
mod sharing;
mod sizes;
mod strips;
#[cfg(test)]
mod tests;
mod weights;
mod workspace;

pub(crate) use chunks::{Chunks, Runner, for_each_chunk};
pub use clock::Part;
use cut::Cut;
pub use dense::Visit;
pub(crate) use dense::{DenseGradients, DenseScratch};
pub(crate) use footprint::Footprint;
pub use layer::LayerPath;
pub use profile::{Phase, Profile, Span};
pub use weights::Weights;
pub use workspace::Workspace;

use crate::graph::Graph;

pub use crate::mode::Mode;
use layer::CompiledLayer;
pub(crate) use layout::{Layout, Region};
pub(crate) use program::ValueId;
use program::{Forward, Program};
use rarefy_core::Pattern;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_kernels::Isa;
use schedule::Schedule;

/// A graph compiled for the CPU: layouts, fused operations, taps of every layer. Immutable but for new patterns.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) program: Program,
    /// The same for a forward pass alone.
    pub(crate) forward_only: Program,
    pub(crate) schedule: Schedule,
    pub(crate) layers: Vec<CompiledLayer>,
    pub(crate) blocks: Vec<usize>,
    pub(crate) names: Vec<String>,
    pub(crate) max_batch: usize,
    /// Samples of a whole step: more than `max_batch` where a step has several passes.
    pub(crate) step: usize,
    pub(crate) isa: Isa,
    /// Zeros for as many channels as any tensor has.
    pub(crate) zeros: Vec<f32>,
}

impl Plan {
    /// Compiles `graph` with one pattern per prunable weight for batches of up to `max_batch` samples.
    ///
    /// `image_gradient` plans for gradients with respect to the images too.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn new(
        graph: &Graph,
        patterns: &[Pattern],
        max_batch: usize,
        isa: Isa,
        image_gradient: bool,
    ) -> Result<Self, OutOfMemory> {
        Self::outline(graph, max_batch, isa, image_gradient).compile(patterns)
    }

    /// The plan of the same graph without its layers: enough to know what it takes ([`Footprint`]).
    pub(crate) fn outline(graph: &Graph, max_batch: usize, isa: Isa, image_gradient: bool) -> Self {
        let mut program = lower::lower(graph, isa.lanes());
        program.choose_writes(max_batch);
        Self {
            schedule: schedule::schedule(&program, max_batch, image_gradient),
            forward_only: sharing::shared(&program),
            program,
            layers: Vec::new(),
            blocks: Vec::new(),
            names: graph.prunable().map(|parameter| parameter.name.clone()).collect(),
            max_batch,
            step: max_batch,
            isa,
            zeros: Vec::new(),
        }
    }

    /// The outline with one pattern per prunable layer.
    pub(crate) fn compile(self, patterns: &[Pattern]) -> Result<Self, OutOfMemory> {
        let geometries = self.program.forward.iter().filter_map(|op| match op {
            Forward::Convolve(convolve) => Some(&convolve.geometry),
            _ => None,
        });
        let layers = geometries.zip(patterns).map(|(g, pattern)| CompiledLayer::new(pattern, g));
        let layers = layers.collect::<Result<_, _>>()?;
        let channels = self.program.tensors.iter().map(|layout| layout.extent.channels).max();
        let zeros = memory::zeros(channels.unwrap_or(0), "a number a channel")?;
        let blocks = patterns.iter().map(|pattern| pattern.block().len()).collect();
        Ok(Self { layers, blocks, zeros, ..self })
    }

    /// The same for steps of up to `samples` in several passes.
    pub(crate) fn of_step(self, samples: usize) -> Self {
        Self { step: samples.max(self.max_batch), ..self }
    }

    /// Largest batch of a pass.
    pub fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// Logits of a sample.
    pub(crate) fn classes(&self) -> usize {
        self.program.layout(self.program.logits).extent.channels
    }

    /// Instruction set of the kernels.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Kernel instances of every prunable layer, in order.
    pub fn paths(&self) -> Vec<LayerPath> {
        let named = self.layers.iter().zip(&self.blocks).zip(&self.names);
        named.map(|((layer, &block), name)| layer.path(name, block, self.isa.registers())).collect()
    }

    /// How steps are cut into chunks.
    pub(crate) fn cut(&self) -> Cut {
        Cut { max_batch: self.max_batch, step: self.step, lanes: self.isa.lanes() }
    }

    /// Samples per chunk: whole groups.
    pub(crate) fn chunk(&self) -> usize {
        self.cut().chunk()
    }

    /// Samples per chunk of the backward pass of a layer with `weights` packed values.
    pub(crate) fn weight_chunk_for(&self, weights: usize) -> usize {
        self.cut().weight_chunk(weights)
    }
}

/// Kernel instances that `graph` with these patterns would run, layer by layer.
///
/// # Errors
/// Memory that cannot be had.
pub fn layer_paths(graph: &Graph, patterns: &[Pattern]) -> Result<Vec<LayerPath>, OutOfMemory> {
    layer_paths_on(graph, patterns, Isa::best())
}

/// The same on an instruction set of one's own.
///
/// # Errors
/// Memory that cannot be had.
pub fn layer_paths_on(graph: &Graph, patterns: &[Pattern], isa: Isa) -> Result<Vec<LayerPath>, OutOfMemory> {
    Ok(Plan::new(graph, patterns, 1, isa, false)?.paths())
}

/// One pass over a batch: what it needs beside the workspace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a> {
    pub(crate) plan: &'a Plan,
    /// One of the plan's.
    pub(crate) program: &'a Program,
    pub(crate) weights: &'a Weights,
    pub(crate) batch: usize,
    pub(crate) runner: Runner<'a>,
    pub(crate) mode: Mode,
}

impl<'a> Pass<'a> {
    /// A pass whose activations stay for a backward pass.
    pub(crate) fn new(
        plan: &'a Plan,
        weights: &'a Weights,
        batch: usize,
        runner: Runner<'a>,
        mode: Mode,
    ) -> Self {
        Self { plan, program: &plan.program, weights, batch, runner, mode }
    }

    /// A forward pass of one group on the calling thread, in a workspace made [for
    /// evaluation](Workspace::for_evaluation).
    pub(crate) fn evaluation(plan: &'a Plan, weights: &'a Weights, batch: usize, runner: Runner<'a>) -> Self {
        let runner = Runner { parallel: false, ..runner };
        Self { plan, program: &plan.forward_only, weights, batch, runner, mode: Mode::Eval }
    }
}
