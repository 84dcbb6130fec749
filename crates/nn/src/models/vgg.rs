//! The CIFAR VGG networks `vggD_bn_cifar` (Simonyan & Zisserman 2015, table 1, with batch norm and one linear layer).

use super::Family;
use crate::graph::{Extent, Graph, GraphBuilder, GraphError, InitRule, PoolWindow};

pub(super) const FAMILY: Family = Family {
    pattern: "vggDEPTH_bn_cifar (DEPTH 11, 13, 16 or 19; vggDEPTH for short)",
    examples: &[
        "vgg11_bn_cifar",
        "vgg13_bn_cifar",
        "vgg16_bn_cifar",
        "vgg19_bn_cifar",
        "vgg11",
        "vgg13",
        "vgg16",
        "vgg19",
    ],
    build: |name, input, classes| {
        let depth = name.strip_prefix("vgg")?;
        let depth = depth.strip_suffix("_bn_cifar").unwrap_or(depth).parse().ok()?;
        Some(vgg(stages(depth)?, depth, input, classes))
    },
};

/// Output channels of the five stages.
const CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

/// Convolutions in each stage.
fn stages(depth: usize) -> Option<[usize; 5]> {
    match depth {
        11 => Some([1, 1, 2, 2, 2]),
        13 => Some([2, 2, 2, 2, 2]),
        16 => Some([2, 2, 3, 3, 3]),
        19 => Some([2, 2, 4, 4, 4]),
        _ => None,
    }
}

/// Five stages of 3x3 convolutions with batch norm and ReLU, a 2x2 max pool after each, and a classifier.
///
/// Names count every module of the published `feature` list, as PyTorch's `Sequential` does. Convolutions start normal
/// with fan-out variance `2 / (9 outputs)`, the classifier `N(0, 0.01)` with bias 0 (METHODS 5).
fn vgg(stages: [usize; 5], depth: usize, input: Extent, classes: usize) -> Result<Graph, GraphError> {
    let mut b = GraphBuilder::new(format!("vgg{depth}_bn_cifar"), input);
    let (mut x, mut module) = (b.input(), 0);
    for (convolutions, channels) in stages.into_iter().zip(CHANNELS) {
        for _ in 0..convolutions {
            let init = InitRule::Normal { std: (2.0 / (9 * channels) as f64).sqrt() };
            let conv = b.conv(format!("feature.{module}"), x, channels, 3, 1, 1, init)?;
            let norm = b.batch_norm(format!("feature.{}", module + 1), conv);
            x = b.relu(norm);
            module += 3;
        }
        x = b.max_pool(x, PoolWindow { kernel: 2, stride: 2, padding: 0 })?;
        module += 1;
    }
    if b.extent(x).area() > 1 {
        x = b.global_avg_pool(x);
    }
    let (weight, bias) = (InitRule::Normal { std: 0.01 }, InitRule::Constant { value: 0.0 });
    b.linear("classifier", x, classes, weight, bias)?;
    b.build()
}
