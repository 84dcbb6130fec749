//! Strategies shared by the property tests.
#![allow(dead_code, unreachable_pub)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rarefy_core::{Block, Pattern, WeightShape};

/// The same cases in every run.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(17), ..Default::default() }
}

/// A small layer and a block that tiles it.
pub fn layer() -> impl Strategy<Value = (WeightShape, Block)> {
    (1..=3usize, 1..=3usize, 1..=4usize, 1..=4usize, 1..=3usize, 1..=3usize).prop_map(
        |(rows, columns, row_blocks, channel_blocks, kernel_h, kernel_w)| {
            let shape = WeightShape::conv(rows * row_blocks, columns * channel_blocks, kernel_h, kernel_w);
            (shape, Block { rows, columns })
        },
    )
}

/// Number of block positions.
pub fn positions_of((shape, block): (WeightShape, Block)) -> u32 {
    (shape.len() / block.len()) as u32
}

/// Strictly ascending numbers below `bound`: none, all or any between.
pub fn subset(bound: u32) -> impl Strategy<Value = Vec<u32>> {
    let all: Vec<u32> = (0..bound).collect();
    prop_oneof![
        1 => Just(Vec::new()),
        1 => Just(all.clone()),
        6 => proptest::sample::subsequence(all, 0..=bound as usize),
    ]
}

/// A layer with any set of its blocks.
pub fn pattern() -> impl Strategy<Value = Pattern> {
    layer().prop_flat_map(|layer| {
        subset(positions_of(layer))
            .prop_map(move |positions| Pattern::from_positions(layer.0, layer.1, &positions).unwrap())
    })
}
