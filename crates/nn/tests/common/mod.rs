//! Random small networks, for tests that compare two ways of computing the same thing.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph, GraphBuilder, InitRule, NodeId, Role};
use rarefy_nn::params::{Column, ParamStore};

/// What a network may be like; the test prints it when a case fails.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) input: Extent,
    pub(crate) classes: usize,
    pub(crate) batch: usize,
    pub(crate) stages: Vec<Stage>,
    /// Width of a fully connected layer with ReLU before the classifier.
    pub(crate) hidden: Option<usize>,
    /// Density of each layer in turn, repeated; 1 is a dense layer.
    pub(crate) densities: Vec<f64>,
    pub(crate) block: Block,
}

/// A stretch of layers.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// A convolution, with or without batch norm and ReLU.
    Conv { outputs: usize, kernel: usize, stride: usize, padding: usize, norm: bool, relu: bool },
    /// Two normalized convolutions around a shortcut: the identity where shapes allow, else a normalized 1x1 convolution.
    Residual { outputs: usize, kernel: usize, stride: usize },
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
    let input = (1..=3usize, 3..=side, 3..=side).prop_map(|(channels, height, width)| Extent {
        channels,
        height,
        width,
    });
    let density = prop_oneof![1 => Just(1.0), 3 => 0.05..0.9f64];
    let block = prop_oneof![
        2 => Just(Block::UNSTRUCTURED),
        1 => Just(Block { rows: 2, columns: 2 }),
        1 => Just(Block { rows: 4, columns: 1 }),
    ];
    let sizes = (2..=5usize, 1..=batch);
    let layers = prop::collection::vec(stage(channels), 1..=stages);
    let hidden = prop::option::weighted(0.3, 1..=channels);
    (input, sizes, layers, hidden, prop::collection::vec(density, 1..5), block).prop_map(
        |(input, (classes, batch), stages, hidden, densities, block)| Spec {
            input,
            classes,
            batch,
            stages,
            hidden,
            densities,
            block,
        },
    )
}

fn stage(channels: usize) -> impl Strategy<Value = Stage> {
    let shape = (1..=channels, prop_oneof![Just(1usize), Just(3), Just(5)], 1..=2usize);
    prop_oneof![
        (shape.clone(), 0..5usize, any::<bool>(), any::<bool>()).prop_map(
            |((outputs, kernel, stride), padding, norm, relu)| Stage::Conv {
                outputs,
                kernel,
                stride,
                padding: padding % kernel,
                norm,
                relu
            }
        ),
        shape.prop_map(|(outputs, kernel, stride)| Stage::Residual { outputs, kernel, stride }),
    ]
}

/// A network with values, a batch, and labels.
pub(crate) struct Case {
    pub(crate) graph: Graph,
    pub(crate) store: ParamStore,
    pub(crate) images: Vec<f32>,
    pub(crate) labels: Vec<u32>,
}

impl Spec {
    /// The network, with patterns, values, running statistics and a batch that depend on `draw`.
    pub(crate) fn build(&self, draw: u64) -> Case {
        let graph = self.graph();
        let mut random = Stream::new(draw, Purpose::Synthetic, 0);
        let patterns: Vec<Pattern> = graph
            .prunable()
            .zip(self.densities.iter().cycle())
            .map(|(parameter, &density)| {
                let shape = graph.node(parameter.node).op.weight().expect("prunable nodes have a weight");
                let block = self.block.fit(shape);
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
        Case {
            images: (0..self.batch * self.input.len()).map(|_| random.normal() as f32).collect(),
            labels: (0..self.batch).map(|_| random.below(self.classes as u64) as u32).collect(),
            graph,
            store,
        }
    }

    fn graph(&self) -> Graph {
        let mut b = GraphBuilder::new("random", self.input);
        let mut x = b.input();
        for (index, stage) in self.stages.iter().enumerate() {
            x = match *stage {
                Stage::Conv { outputs, kernel, stride, padding, norm, relu } => {
                    let extent = b.extent(x);
                    let fits = extent.height.min(extent.width) + 2 * padding >= kernel;
                    let padding = if fits { padding } else { kernel / 2 };
                    let mut y =
                        conv(&mut b, format!("stage{index}.conv"), x, outputs, kernel, stride, padding);
                    if norm {
                        y = self.norm(&mut b, format!("stage{index}.bn"), y);
                    }
                    if relu { b.relu(y) } else { y }
                }
                Stage::Residual { outputs, kernel, stride } => {
                    self.residual(&mut b, &format!("stage{index}"), x, outputs, kernel, stride)
                }
            };
        }
        let mut x = b.global_avg_pool(x);
        if let Some(hidden) = self.hidden {
            let y = b.linear("hidden", x, hidden, ANY, ANY).expect("the pool gives a vector");
            x = b.relu(y);
        }
        b.linear("fc", x, self.classes, ANY, ANY).expect("a vector");
        b.build().expect("ends in a vector")
    }

    /// Batch norm, where there is more than one number per channel to take statistics of.
    fn norm(&self, b: &mut GraphBuilder, name: String, x: NodeId) -> NodeId {
        if self.batch * b.extent(x).area() > 1 { b.batch_norm(name, x) } else { x }
    }

    fn residual(
        &self,
        b: &mut GraphBuilder,
        name: &str,
        x: NodeId,
        outputs: usize,
        kernel: usize,
        stride: usize,
    ) -> NodeId {
        let inputs = b.extent(x).channels;
        let y = conv(b, format!("{name}.conv1"), x, outputs, kernel, stride, kernel / 2);
        let y = self.norm(b, format!("{name}.bn1"), y);
        let y = b.relu(y);
        let y = conv(b, format!("{name}.conv2"), y, outputs, kernel, 1, kernel / 2);
        let y = self.norm(b, format!("{name}.bn2"), y);
        let shortcut = if stride == 1 && inputs == outputs {
            x
        } else {
            let y = conv(b, format!("{name}.shortcut.0"), x, outputs, 1, stride, 0);
            self.norm(b, format!("{name}.shortcut.1"), y)
        };
        let sum = b.add(format!("{name}.add"), y, shortcut).expect("both branches have one extent");
        b.relu(sum)
    }
}

/// Values are drawn by [`Spec::build`], not by these rules.
const ANY: InitRule = InitRule::Constant { value: 0.0 };

fn conv(
    b: &mut GraphBuilder,
    name: String,
    from: NodeId,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> NodeId {
    b.conv(name, from, outputs, kernel, stride, padding, ANY).expect("the kernel fits")
}
