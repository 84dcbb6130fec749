//! Networks for the tests.
#![allow(dead_code, unreachable_pub)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rarefy_core::{Block, Density};
use rarefy_sparsity::{Layer, init::Rule};

/// The same cases in every run.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(17), ..Default::default() }
}

pub fn density(value: f64) -> Density {
    Density::new(value).unwrap()
}

/// A convolution or linear layer of up to 24 x 24 x 3 x 3.
pub fn layer() -> impl Strategy<Value = Layer> {
    let kernel = prop_oneof![Just(1usize), Just(3usize)];
    prop_oneof![
        3 => (1..=24usize, 1..=24usize, kernel.clone(), kernel)
            .prop_map(|(outputs, inputs, h, w)| Layer::conv(format!("conv{outputs}x{inputs}"), outputs, inputs, h, w)),
        1 => (1..=24usize, 1..=24usize)
            .prop_map(|(outputs, inputs)| Layer::linear(format!("fc{outputs}x{inputs}"), outputs, inputs)),
    ]
}

pub fn layers() -> impl Strategy<Value = Vec<Layer>> {
    proptest::collection::vec(layer(), 1..8)
}

/// Any density, low ones and 1 included.
pub fn any_density() -> impl Strategy<Value = Density> {
    prop_oneof![
        6 => (-3.0..0.0f64).prop_map(|exponent| density(10f64.powf(exponent))),
        3 => (0.0..1.0f64).prop_map(|value| density(1.0 - value)),
        1 => Just(Density::DENSE),
    ]
}

/// Single weights half the time, else blocks that often do not divide the layer.
pub fn block() -> impl Strategy<Value = Block> {
    prop_oneof![
        Just(Block::UNSTRUCTURED),
        (1..=8usize, 1..=8usize).prop_map(|(rows, columns)| Block { rows, columns }),
    ]
}

/// Any entry of the registry.
pub fn rule() -> impl Strategy<Value = &'static dyn Rule> {
    (0..rarefy_sparsity::init::REGISTRY.len()).prop_map(|index| rarefy_sparsity::init::REGISTRY[index])
}
