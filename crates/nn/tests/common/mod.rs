//! Random small networks, for tests that compare two ways of computing the same thing.

pub(crate) mod stages;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph, GraphBuilder, InitRule, NodeId, Role};
use rarefy_nn::params::{Column, ParamStore};
use stages::Stage;

/// What a network may be like; the test prints it when a case fails.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) input: Extent,
    pub(crate) classes: usize,
    pub(crate) batch: usize,
    pub(crate) stages: Vec<Stage>,
    pub(crate) head: Head,
    /// Density of each layer in turn, repeated; 1 is a dense layer.
    pub(crate) densities: Vec<f64>,
    pub(crate) block: Block,
}

/// How a network ends.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// A classifier on the global average, or on the maps themselves where they are single pixels.
    Linear,
    /// A fully connected layer with ReLU before it.
    Hidden { width: usize },
    /// A 1x1 convolution whose maps are averaged.
    Convolution,
    /// The sum of two classifiers.
    Sum,
    /// A batch norm of the logits.
    Norm,
}

/// How large networks may get.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) side: usize,
    pub(crate) channels: usize,
    pub(crate) batch: usize,
    pub(crate) stages: usize,
}

/// Checks `cases` random networks, the same ones in every run; panics with the smallest failing one.
pub(crate) fn for_random_networks(limits: Limits, cases: u32, check: impl Fn(&Spec)) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_22),
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&spec(limits), |spec| {
        check(&spec);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn spec(limits: Limits) -> impl Strategy<Value = Spec> {
    let Limits { side, channels, batch, stages } = limits;
    let input = (1..=3usize, 1..=side, 1..=side).prop_map(|(channels, height, width)| Extent {
        channels,
        height,
        width,
    });
    let head = prop_oneof![
        4 => Just(Head::Linear),
        3 => (1..=channels).prop_map(|width| Head::Hidden { width }),
        1 => Just(Head::Convolution),
        1 => Just(Head::Sum),
        1 => Just(Head::Norm),
    ];
    let density = prop_oneof![1 => Just(1.0), 3 => 0.05..0.9f64];
    let block = prop_oneof![
        2 => Just(Block::UNSTRUCTURED),
        1 => Just(Block { rows: 2, columns: 2 }),
        1 => Just(Block { rows: 4, columns: 1 }),
        1 => Just(Block { rows: 4, columns: 4 }),
        1 => Just(Block { rows: 1, columns: 4 }),
    ];
    let sizes = (2..=5usize, 1..=batch);
    let layers = prop::collection::vec(stages::stage(channels), 1..=stages);
    (input, sizes, layers, head, prop::collection::vec(density, 1..5), block).prop_map(
        |(input, (classes, batch), stages, head, densities, block)| Spec {
            input,
            classes,
            batch,
            stages,
            head,
            densities,
            block,
        },
    )
}

/// A network with values, a batch, and labels.
pub(crate) struct Case {
    pub(crate) graph: Graph,
    pub(crate) store: ParamStore,
    pub(crate) images: Vec<f32>,
    pub(crate) labels: Vec<u32>,
}

impl Case {
    /// `graph` with patterns of the given densities in turn, values, running statistics and a batch that depend on `draw`.
    pub(crate) fn draw(graph: Graph, densities: &[f64], block: Block, batch: usize, draw: u64) -> Self {
        let mut random = Stream::new(draw, Purpose::Synthetic, 0);
        let patterns: Vec<Pattern> = graph
            .prunable()
            .zip(densities.iter().cycle())
            .map(|(parameter, &density)| {
                let shape = graph.node(parameter.node).op.weight().expect("prunable nodes have a weight");
                let block = block.fit(shape);
                let positions = (shape.len() / block.len()) as u32;
                let chosen = random.choose(positions, (density * f64::from(positions)).round() as u32);
                Pattern::from_positions(shape, block, &chosen).expect("chosen positions are ascending")
            })
            .collect();
        let mut store = ParamStore::new(&graph, patterns).expect("one pattern per prunable weight");
        for view in 0..store.views().len() {
            let parameter = &store.views()[view].parameter;
            let (role, scale) = (parameter.role, (2.0 / parameter.fan_in() as f64).sqrt());
            for value in store.slice_mut(view, Column::Value) {
                let normal = random.normal();
                *value = match role {
                    Role::Weight => 1.5 * scale * normal,
                    Role::Gamma => 1.0 + 0.3 * normal,
                    Role::Beta | Role::Bias => 0.3 * normal,
                } as f32;
            }
        }
        let (mean, variance) = store.running_mut();
        mean.iter_mut().for_each(|mean| *mean = 0.3 * random.normal() as f32);
        variance.iter_mut().for_each(|variance| *variance = (0.5 + random.uniform()) as f32);
        let (pixels, classes) = (graph.input().len(), graph.classes());
        Self {
            images: (0..batch * pixels).map(|_| random.normal() as f32).collect(),
            labels: (0..batch).map(|_| random.below(classes as u64) as u32).collect(),
            graph,
            store,
        }
    }
}

impl Spec {
    /// The network, with everything in it depending on `draw`.
    pub(crate) fn build(&self, draw: u64) -> Case {
        Case::draw(self.graph(), &self.densities, self.block, self.batch, draw)
    }

    fn graph(&self) -> Graph {
        let mut b = GraphBuilder::new("random", self.input);
        let mut x = b.input();
        for (index, stage) in self.stages.iter().enumerate() {
            x = stage.build(self, &mut b, &format!("stage{index}"), x);
        }
        if let Head::Convolution = self.head {
            let maps = stages::conv(&mut b, "maps".into(), x, self.classes, 1, 1, 0);
            b.global_avg_pool(maps);
            return b.build().expect("ends in a vector");
        }
        if b.extent(x).area() > 1 {
            x = b.global_avg_pool(x);
        }
        if let Head::Hidden { width } = self.head {
            let hidden = b.linear("hidden", x, width, ANY, ANY).expect("a vector");
            x = b.relu(hidden);
        }
        let logits = b.linear("fc", x, self.classes, ANY, ANY).expect("a vector");
        match self.head {
            Head::Sum => {
                let other = b.linear("fc2", x, self.classes, ANY, ANY).expect("a vector");
                b.add("sum", logits, other).expect("two vectors of one length");
            }
            Head::Norm => {
                self.norm(&mut b, "bn".into(), logits);
            }
            _ => {}
        }
        b.build().expect("ends in a vector")
    }

    /// Batch norm, where there is more than one number per channel to take statistics of.
    fn norm(&self, b: &mut GraphBuilder, name: String, x: NodeId) -> NodeId {
        if self.batch * b.extent(x).area() > 1 { b.batch_norm(name, x) } else { x }
    }
}

/// Values are drawn by [`Case::draw`], not by these rules.
const ANY: InitRule = InitRule::Constant { value: 0.0 };
