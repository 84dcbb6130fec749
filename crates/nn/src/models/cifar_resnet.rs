//! The CIFAR residual networks `cifar_resnet_DEPTH[_WIDTH]` (He et al. 2016, section 4.2, with projection shortcuts).

use super::Family;
use crate::graph::{Extent, Graph, GraphBuilder, GraphError, InitRule, NodeId};

pub(super) const FAMILY: Family = Family {
    pattern: "cifar_resnet_DEPTH[_WIDTH] (DEPTH = 6n + 2 from 8 to 2000, WIDTH from 1 to 1024, 16 by default)",
    examples: &[
        "cifar_resnet_8",
        "cifar_resnet_14",
        "cifar_resnet_20",
        "cifar_resnet_32",
        "cifar_resnet_44",
        "cifar_resnet_56",
        "cifar_resnet_110",
        "cifar_resnet_20_8",
        "cifar_resnet_20_16",
        "cifar_resnet_20_24",
        "cifar_resnet_20_32",
    ],
    build: |name, input, classes| {
        let (depth, width) = parse(name)?;
        Some(cifar_resnet(depth, width, input, classes))
    },
};

fn parse(name: &str) -> Option<(usize, usize)> {
    let (depth, width) = match name.strip_prefix("cifar_resnet_")?.split_once('_') {
        Some((depth, width)) => (depth.parse().ok()?, width.parse().ok()?),
        None => (name.strip_prefix("cifar_resnet_")?.parse().ok()?, 16),
    };
    let in_range = depth >= 8 && depth % 6 == 2 && depth <= 2000 && (1..=1024).contains(&width);
    in_range.then_some((depth, width))
}

/// A residual network of `(depth - 2) / 6` blocks in each of three stages of `width`, `2 width` and `4 width` channels.
///
/// Convolutions and the classifier start Kaiming normal (fan-in, gain sqrt 2), the classifier's bias uniform in
/// +-1/sqrt(fan_in) (METHODS 5).
pub fn cifar_resnet(depth: usize, width: usize, input: Extent, classes: usize) -> Result<Graph, GraphError> {
    let name = match width {
        16 => format!("cifar_resnet_{depth}"),
        _ => format!("cifar_resnet_{depth}_{width}"),
    };
    let mut b = GraphBuilder::new(name, input);
    let stem = b.conv("conv", b.input(), width, 3, 1, 1, kaiming(input.channels * 9))?;
    let norm = b.batch_norm("bn", stem);
    let mut x = b.relu(norm);
    let blocks = (depth - 2) / 6;
    for index in 0..3 * blocks {
        let stage = index / blocks;
        let stride = if stage > 0 && index % blocks == 0 { 2 } else { 1 };
        x = basic_block(&mut b, &format!("blocks.{index}"), x, width << stage, stride)?;
    }
    let pooled = b.global_avg_pool(x);
    let features = b.extent(pooled).channels;
    let bound = 1.0 / (features as f64).sqrt();
    b.linear("fc", pooled, classes, kaiming(features), InitRule::Uniform { bound })?;
    b.build()
}

fn basic_block(
    b: &mut GraphBuilder,
    name: &str,
    x: NodeId,
    channels: usize,
    stride: usize,
) -> Result<NodeId, GraphError> {
    let inputs = b.extent(x).channels;
    let conv1 = b.conv(format!("{name}.conv1"), x, channels, 3, stride, 1, kaiming(inputs * 9))?;
    let norm1 = b.batch_norm(format!("{name}.bn1"), conv1);
    let hidden = b.relu(norm1);
    let conv2 = b.conv(format!("{name}.conv2"), hidden, channels, 3, 1, 1, kaiming(channels * 9))?;
    let norm2 = b.batch_norm(format!("{name}.bn2"), conv2);
    let shortcut = if stride == 1 && inputs == channels {
        x
    } else {
        let conv = b.conv(format!("{name}.shortcut.0"), x, channels, 1, stride, 0, kaiming(inputs))?;
        b.batch_norm(format!("{name}.shortcut.1"), conv)
    };
    let sum = b.add(format!("{name}.add"), norm2, shortcut)?;
    Ok(b.relu(sum))
}

fn kaiming(fan_in: usize) -> InitRule {
    InitRule::Normal { std: (2.0 / fan_in as f64).sqrt() }
}
