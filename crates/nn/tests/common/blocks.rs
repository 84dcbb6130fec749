//! Networks drawn in blocks.

use super::common::stages::Stage;
use super::common::{Head, Spec};
use rarefy_core::Block;
use rarefy_nn::graph::Extent;

/// Blocks that people ask for.
pub(crate) const BLOCKS: [Block; 5] = [
    Block { rows: 2, columns: 2 },
    Block { rows: 4, columns: 1 },
    Block { rows: 1, columns: 4 },
    Block { rows: 4, columns: 4 },
    Block { rows: 8, columns: 8 },
];

/// A network whose layers, but for the first, have room for whole blocks of any of [`BLOCKS`]: with and without stride, 3x3
/// and 1x1, planes of one and of several samples, a classifier of 16 classes.
pub(crate) fn in_blocks(block: Block) -> Spec {
    let conv = Stage::Conv { outputs: 8, kernel: 3, stride: 1, padding: 1, norm: true, relu: true };
    let residual = |outputs, stride| Stage::Residual { outputs, kernel: 3, stride };
    Spec {
        input: Extent { channels: 3, height: 10, width: 9 },
        classes: 16,
        batch: 6,
        stages: vec![conv, residual(8, 1), residual(16, 2), residual(16, 1)],
        head: Head::Linear,
        densities: vec![0.3, 0.25, 0.4],
        block,
    }
}
