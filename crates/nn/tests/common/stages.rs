//! Stretches of layers that random networks are made of.

use super::{ANY, Spec};
use proptest::prelude::*;
use rarefy_nn::graph::{GraphBuilder, NodeId, PoolWindow};

/// A stretch of layers, on whatever comes before it.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// A convolution, with or without batch norm and ReLU.
    Conv { outputs: usize, kernel: usize, stride: usize, padding: usize, norm: bool, relu: bool },
    /// Two normalized convolutions around a shortcut: the identity where shapes allow, else a normalized 1x1 convolution.
    Residual { outputs: usize, kernel: usize, stride: usize },
    /// Batch norm and ReLU before a convolution without norm, around a shortcut.
    PreActivation { outputs: usize, kernel: usize, stride: usize },
    /// Several convolutions of one node, and the node itself where shapes allow, summed without norms.
    Fan { outputs: usize, readers: usize, stride: usize },
    /// A max pool that keeps the extent, before or after a convolution of the same node, and the node itself.
    PoolBranch { first: bool },
    /// Convolutions of two ReLUs, or twice of one, and of their sum.
    Lattice { outputs: usize, same: bool },
    /// A max pool.
    MaxPool(PoolWindow),
    /// A batch norm, of the images, a pool, a sum, a ReLU or another batch norm.
    Norm { relu: bool },
    /// The sum of two batch norms of one node.
    TwoNorms,
    /// A ReLU, of another ReLU too.
    Relu,
    /// A node added to itself.
    Double,
}

pub(super) fn stage(channels: usize) -> impl Strategy<Value = Stage> {
    let outputs = 1..=channels;
    let shape = (outputs.clone(), prop_oneof![Just(1usize), Just(3), Just(5)], 1..=2usize);
    let window = (2..=3usize, 1..=2usize, 0..3usize).prop_map(|(kernel, stride, padding)| PoolWindow {
        kernel,
        stride,
        padding: padding % kernel,
    });
    prop_oneof![
        4 => (shape.clone(), 0..5usize, any::<bool>(), any::<bool>()).prop_map(
            |((outputs, kernel, stride), padding, norm, relu)| Stage::Conv {
                outputs,
                kernel,
                stride,
                padding: padding % kernel,
                norm,
                relu
            }
        ),
        3 => shape.clone().prop_map(|(outputs, kernel, stride)| Stage::Residual { outputs, kernel, stride }),
        1 => shape.prop_map(|(outputs, kernel, stride)| Stage::PreActivation { outputs, kernel, stride }),
        2 => (outputs.clone(), 2..=5usize, 1..=2usize)
            .prop_map(|(outputs, readers, stride)| Stage::Fan { outputs, readers, stride }),
        1 => (outputs, any::<bool>()).prop_map(|(outputs, same)| Stage::Lattice { outputs, same }),
        1 => any::<bool>().prop_map(|first| Stage::PoolBranch { first }),
        2 => window.prop_map(Stage::MaxPool),
        2 => any::<bool>().prop_map(|relu| Stage::Norm { relu }),
        1 => Just(Stage::TwoNorms),
        2 => Just(Stage::Relu),
        2 => Just(Stage::Double),
    ]
}

impl Stage {
    /// Adds the stage, its nodes' names starting with `name`, after `x`.
    pub(super) fn build(&self, spec: &Spec, b: &mut GraphBuilder, name: &str, x: NodeId) -> NodeId {
        match *self {
            Stage::Conv { outputs, kernel, stride, padding, norm, relu } => {
                let extent = b.extent(x);
                let fits = extent.height.min(extent.width) + 2 * padding >= kernel;
                let padding = if fits { padding } else { kernel / 2 };
                let mut y = conv(b, format!("{name}.conv"), x, outputs, kernel, stride, padding);
                if norm {
                    y = spec.norm(b, format!("{name}.bn"), y);
                }
                if relu { b.relu(y) } else { y }
            }
            Stage::Residual { outputs, kernel, stride } => {
                let y = conv(b, format!("{name}.conv1"), x, outputs, kernel, stride, kernel / 2);
                let y = spec.norm(b, format!("{name}.bn1"), y);
                let y = b.relu(y);
                let y = conv(b, format!("{name}.conv2"), y, outputs, kernel, 1, kernel / 2);
                let y = spec.norm(b, format!("{name}.bn2"), y);
                let shortcut = if b.extent(x) == b.extent(y) {
                    x
                } else {
                    let y = conv(b, format!("{name}.shortcut.0"), x, outputs, 1, stride, 0);
                    spec.norm(b, format!("{name}.shortcut.1"), y)
                };
                // Either way round.
                let (left, right) = if kernel == 1 { (shortcut, y) } else { (y, shortcut) };
                let sum = add(b, format!("{name}.add"), left, right);
                b.relu(sum)
            }
            Stage::PreActivation { outputs, kernel, stride } => {
                let active = spec.norm(b, format!("{name}.bn"), x);
                let active = b.relu(active);
                let y = conv(b, format!("{name}.conv"), active, outputs, kernel, stride, kernel / 2);
                let shortcut = if b.extent(x) == b.extent(y) {
                    x
                } else {
                    conv(b, format!("{name}.shortcut"), active, outputs, 1, stride, 0)
                };
                add(b, format!("{name}.add"), shortcut, y)
            }
            Stage::Fan { outputs, readers, stride } => {
                let mut sum = conv(b, format!("{name}.conv0"), x, outputs, 1, stride, 0);
                for reader in 1..readers {
                    let kernel = [3, 1][reader % 2];
                    let y = conv(b, format!("{name}.conv{reader}"), x, outputs, kernel, stride, kernel / 2);
                    sum = add(b, format!("{name}.add{reader}"), sum, y);
                }
                if b.extent(x) == b.extent(sum) { add(b, format!("{name}.add"), x, sum) } else { sum }
            }
            Stage::PoolBranch { first } => {
                let window = PoolWindow { kernel: 3, stride: 1, padding: 1 };
                let early = first.then(|| b.max_pool(x, window).expect("the window fits"));
                let y = conv(b, format!("{name}.conv"), x, b.extent(x).channels, 3, 1, 1);
                let pool = early.unwrap_or_else(|| b.max_pool(x, window).expect("the window fits"));
                let sum = add(b, format!("{name}.add1"), pool, x);
                add(b, format!("{name}.add2"), sum, y)
            }
            Stage::Lattice { outputs, same } => {
                let y = conv(b, format!("{name}.conv1"), x, outputs, 3, 1, 1);
                let left = b.relu(y);
                let mut sum = conv(b, format!("{name}.conv2"), left, outputs, 1, 1, 0);
                let right = if same {
                    left
                } else {
                    let y = conv(b, format!("{name}.conv3"), x, outputs, 1, 1, 0);
                    let right = b.relu(y);
                    let y = conv(b, format!("{name}.conv4"), right, outputs, 3, 1, 1);
                    sum = add(b, format!("{name}.add1"), sum, y);
                    right
                };
                let both = add(b, format!("{name}.add2"), left, right);
                let y = conv(b, format!("{name}.conv5"), both, outputs, 1, 1, 0);
                add(b, format!("{name}.add3"), sum, y)
            }
            Stage::MaxPool(window) => {
                let extent = b.extent(x);
                let PoolWindow { kernel, padding, .. } = window;
                let fits = extent.height.min(extent.width) + 2 * padding >= kernel;
                let padding = if fits { padding } else { kernel - 1 };
                b.max_pool(x, PoolWindow { padding, ..window }).expect("the window fits")
            }
            Stage::Norm { relu } => {
                let y = spec.norm(b, format!("{name}.bn"), x);
                if relu { b.relu(y) } else { y }
            }
            Stage::TwoNorms => {
                let left = spec.norm(b, format!("{name}.bn1"), x);
                let right = spec.norm(b, format!("{name}.bn2"), x);
                add(b, format!("{name}.add"), left, right)
            }
            Stage::Relu => b.relu(x),
            Stage::Double => add(b, format!("{name}.add"), x, x),
        }
    }
}

fn add(b: &mut GraphBuilder, name: String, left: NodeId, right: NodeId) -> NodeId {
    b.add(name, left, right).expect("both have one extent")
}

pub(super) fn conv(
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
