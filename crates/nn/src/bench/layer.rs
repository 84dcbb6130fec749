//! One convolution alone.

use crate::graph::{Extent, Graph, GraphBuilder, GraphError, InitRule};
use crate::params::{ParamStore, StoreError, initialize};
use crate::plan::{Mode, Part, Pass, Phase, Plan, Runner, Span, Weights, Workspace};
use crate::session::{SessionError, Threads, check_memory};
use rarefy_core::Pattern;
use rarefy_core::memory;
use rarefy_core::random::{Purpose, Stream};
use rarefy_kernels::Isa;

/// A square convolution without bias, and the images it is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Input channels, height and width.
    pub input: Extent,
    /// Output channels.
    pub outputs: usize,
    /// Height and width of the kernel, odd.
    pub kernel: usize,
    /// 1 or 2.
    pub stride: usize,
}

impl LayerShape {
    /// The graph of this convolution, with zeros of half a kernel around the image, and of the mean that makes its maps logits.
    ///
    /// # Errors
    /// A shape that the engine has no convolution for.
    pub fn graph(&self) -> Result<Graph, GraphError> {
        let mut builder = GraphBuilder::new("layer", self.input);
        let init = InitRule::Normal { std: 0.1 };
        let input = builder.input();
        let conv =
            builder.conv("conv", input, self.outputs, self.kernel, self.stride, self.kernel / 2, init)?;
        builder.global_avg_pool(conv);
        builder.build()
    }
}

/// Seconds of one forward and backward pass of a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerTimes {
    /// Forward pass, the input's tile included.
    pub forward: f64,
    /// Backward pass: both tiles, both gradients.
    pub backward: f64,
    /// Of the backward pass the input gradient alone: products, and putting them in their place.
    pub input_gradient: f64,
    /// Of the backward pass the weight gradient alone: products, and their sum over chunks.
    pub weight_gradient: f64,
}

/// A convolution ready to be run over and over on the same random images.
#[derive(Debug)]
pub struct LayerBench {
    graph: Graph,
    plan: Plan,
    weights: Weights,
    workspace: Workspace,
    store: ParamStore,
    threads: Threads,
    images: Vec<f32>,
    labels: Vec<u32>,
}

impl LayerBench {
    /// Compiles `graph` (of [`LayerShape::graph`]) with one pattern for `batch` images and `threads` threads.
    ///
    /// # Errors
    /// No images or threads, a pattern of another shape, threads that do not start, memory that cannot be had.
    pub fn new(
        graph: Graph,
        pattern: Pattern,
        batch: usize,
        threads: usize,
        isa: Isa,
        seed: u64,
    ) -> Result<Self, SessionError> {
        if batch == 0 || threads == 0 {
            return Err(SessionError::Batch("a layer needs at least one image and one thread".into()));
        }
        let mut store = ParamStore::new(&graph, vec![pattern]).map_err(|error| match error {
            StoreError::Memory(error) => error.into(),
            other => SessionError::Batch(other.to_string()),
        })?;
        initialize(&mut store, seed);
        let outline = Plan::outline(&graph, batch, isa, true);
        check_memory(&outline, store.patterns(), batch, threads)?;
        let threads = Threads::new(threads)?;
        let plan = outline.compile(store.patterns())?;
        let workspace = Workspace::new(&plan, threads.count())?;
        let mut weights = Weights::new(&plan)?;
        plan.refresh(&mut weights, &store);
        let mut stream = Stream::new(seed, Purpose::Synthetic, 0);
        let numbers = std::iter::repeat_with(|| stream.normal() as f32);
        let images =
            memory::collected(batch.saturating_mul(graph.input().len()), numbers, "a batch of images")?;
        let labels = memory::zeros(batch, "a batch of labels")?;
        Ok(Self { graph, plan, weights, workspace, store, threads, images, labels })
    }

    /// One forward and backward pass.
    pub fn run(&mut self) -> LayerTimes {
        let Self { plan, weights, workspace, store, threads, images, labels, graph } = self;
        let count = threads.count();
        workspace.reset_clocks(plan.spans());
        let runner = Runner { parallel: count > 1, interrupt: None };
        let pass = Pass::new(plan, weights, labels.len(), runner, Mode::Train);
        threads.run(|| {
            pass.forward(workspace, store, images);
            pass.loss(workspace, labels, Some(1.0 / labels.len() as f64));
            pass.backward(workspace, store);
        });
        workspace.clock.pause();
        let profile = plan.profile(workspace, graph, 1);
        let of = |phase| profile.spans.iter().find(|span| span.phase == phase && span.multiply_adds > 0.0);
        let (Some(forward), Some(backward)) = (of(Phase::Forward), of(Phase::Backward)) else {
            return LayerTimes::default();
        };
        let share = |part| seconds(backward, part) / count as f64;
        LayerTimes {
            forward: forward.seconds,
            backward: backward.seconds,
            input_gradient: share(Part::InputGradient) + share(Part::Finish),
            // Only the caller sums over chunks; the other threads wait for it.
            weight_gradient: share(Part::WeightGradient) + seconds(backward, Part::Reduce),
        }
    }
}

fn seconds(span: &Span, part: Part) -> f64 {
    span.parts.iter().filter(|(of, _)| *of == part).map(|(_, seconds)| seconds).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::{Block, WeightShape};

    #[test]
    fn all_directions_of_a_layer_take_time_on_every_instruction_set() {
        for (kernel, stride) in [(1, 1), (3, 1), (3, 2)] {
            let input = Extent { channels: 8, height: 8, width: 8 };
            let graph = LayerShape { input, outputs: 4, kernel, stride }.graph().expect("a convolution");
            let pattern = Pattern::full(WeightShape::conv(4, 8, kernel, kernel), Block::UNSTRUCTURED);
            let pattern = pattern.expect("a shape");
            for isa in Isa::available() {
                let bench = LayerBench::new(graph.clone(), pattern.clone(), 5, 2, isa, 1);
                let times = bench.expect("fits").run();
                let LayerTimes { forward, backward, input_gradient, weight_gradient } = times;
                assert!(forward > 0.0 && input_gradient > 0.0 && weight_gradient > 0.0, "{times:?}");
                assert!(backward >= weight_gradient, "{times:?}");
            }
        }
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let input = Extent { channels: 2, height: 4, width: 4 };
        let shape = LayerShape { input, outputs: 2, kernel: 3, stride: 1 };
        assert!(LayerShape { kernel: 2, ..shape }.graph().is_err());
        assert!(LayerShape { stride: 3, ..shape }.graph().is_err());
        let graph = shape.graph().expect("a convolution");
        let pattern = |inputs| Pattern::full(WeightShape::conv(2, inputs, 3, 3), Block::UNSTRUCTURED);
        for (inputs, batch, threads) in [(2, 0, 1), (2, 1, 0), (3, 1, 1)] {
            let pattern = pattern(inputs).expect("a shape");
            assert!(LayerBench::new(graph.clone(), pattern, batch, threads, Isa::best(), 1).is_err());
        }
    }
}
