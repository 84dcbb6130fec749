//! Weights on a path from image to logit.

use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Effective, EffectiveLayer, Extent, Graph, GraphBuilder, InitRule};
use rarefy_nn::models;

const INIT: InitRule = InitRule::Constant { value: 1.0 };

/// conv a, then conv b beside an identity shortcut, then a classifier of two logits; two channels everywhere.
fn residual() -> Graph {
    let mut graph = GraphBuilder::new("residual", Extent { channels: 1, height: 4, width: 4 });
    let a = graph.conv("a", graph.input(), 2, 1, 1, 0, INIT).unwrap();
    let b = graph.conv("b", a, 2, 1, 1, 0, INIT).unwrap();
    let norm = graph.batch_norm("norm", b);
    let sum = graph.add("sum", norm, a).unwrap();
    let relu = graph.relu(sum);
    let pool = graph.global_avg_pool(relu);
    graph.linear("fc", pool, 2, INIT, INIT).unwrap();
    graph.build().unwrap()
}

/// Patterns of the three layers: a is 2x1, b and fc are 2x2 (row-major positions).
fn effective(graph: &Graph, positions: [&[u32]; 3]) -> Vec<(u64, usize)> {
    let shapes = graph.prunable().map(|parameter| graph.node(parameter.node).op.weight().unwrap());
    let pattern = |(shape, positions): (_, &[u32])| {
        Pattern::from_positions(shape, Block::UNSTRUCTURED, positions).unwrap()
    };
    let patterns: Vec<Pattern> = shapes.zip(positions).map(pattern).collect();
    let found = Effective::new(graph, &patterns);
    assert_eq!(found.nnz(), found.layers.iter().map(|layer| layer.nnz).sum::<u64>());
    found.layers.iter().map(|&EffectiveLayer { nnz, dead_channels }| (nnz, dead_channels)).collect()
}

#[test]
fn a_full_network_has_no_dead_channel() {
    assert_eq!(effective(&residual(), [&[0, 1], &[0, 1, 2, 3], &[0, 1, 2, 3]]), [(2, 0), (4, 0), (4, 0)]);
    let graph = models::build("cifar_resnet_8", Extent { channels: 3, height: 8, width: 8 }, 10).unwrap();
    let full = graph.prunable().map(|parameter| {
        Pattern::full(graph.node(parameter.node).op.weight().unwrap(), Block::UNSTRUCTURED).unwrap()
    });
    let found = Effective::new(&graph, &full.collect::<Vec<_>>());
    assert_eq!((found.nnz(), found.dead_channels()), (graph.prunable_len(), 0));
}

#[test]
fn identity_shortcuts_keep_channels_alive() {
    // b is fed by no live channel, but the shortcut carries channel 0 of a.
    assert_eq!(effective(&residual(), [&[0], &[1], &[0, 2]]), [(1, 1), (0, 2), (2, 0)]);
}

#[test]
fn weights_that_no_image_feeds_or_no_logit_reads_do_not_count() {
    // Channel 1 of a does not exist, so b's weights from it and fc's weight of it lead nowhere.
    assert_eq!(effective(&residual(), [&[0], &[1, 2], &[0]]), [(1, 1), (0, 2), (1, 1)]);
    // The classifier reads channel 1 alone; channel 0 of a still gets there through b.
    assert_eq!(effective(&residual(), [&[0, 1], &[2], &[1, 3]]), [(2, 0), (1, 1), (2, 0)]);
}
