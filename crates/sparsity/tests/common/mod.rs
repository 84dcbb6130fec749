//! Networks for the tests.
#![allow(dead_code, unreachable_pub)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Density, Pattern};
use rarefy_sparsity::saliency::{Dense, Need, Probe};
use rarefy_sparsity::{Drawn, Layer, Options, Request, SparsityError, draw_with, init, init::Rule};

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
    (0..init::REGISTRY.len()).prop_map(|index| init::REGISTRY[index])
}

/// Any entry with a formula.
pub fn formula() -> impl Strategy<Value = &'static dyn Rule> {
    let formulas: Vec<_> = init::REGISTRY.iter().copied().filter(|rule| rule.saliency().is_none()).collect();
    (0..formulas.len()).prop_map(move |index| formulas[index])
}

/// What `file` needs to spend a density; three rounds for what is iterative.
pub fn table(density: Density) -> Options {
    let layer_densities = [("*".to_owned(), density.get())].into();
    Options { layer_densities, saliency_rounds: 3, ..Options::default() }
}

/// Random weights, and random measurements that are zero where no weight is.
pub struct RandomProbe<'a> {
    pub layers: &'a [Layer],
    pub seed: u64,
    /// Patterns of every measurement: blocks that were kept.
    pub rounds: Vec<Vec<usize>>,
}

impl<'a> RandomProbe<'a> {
    pub fn new(layers: &'a [Layer], seed: u64) -> Self {
        Self { layers, seed, rounds: Vec::new() }
    }

    fn numbers(&self, layer: usize, part: u64) -> Vec<f64> {
        let mut stream = Stream::new(self.seed, Purpose::Synthetic, 2 * layer as u64 + part);
        (0..self.layers[layer].weights()).map(|_| stream.normal()).collect()
    }
}

impl Probe for RandomProbe<'_> {
    fn weights(&mut self) -> Result<Dense, String> {
        Ok((0..self.layers.len()).map(|layer| self.numbers(layer, 0)).collect())
    }

    fn measure(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, String> {
        assert_ne!(need, Need::Magnitude, "the weights are enough");
        self.rounds.push(kept.iter().map(Pattern::blocks).collect());
        let masked = |(layer, pattern): (usize, &Pattern)| {
            let (numbers, mut measured) =
                (self.numbers(layer, 1), vec![0.0; self.layers[layer].weights() as usize]);
            pattern.iter_dense_indices().for_each(|index| measured[index] = numbers[index]);
            measured
        };
        Ok(kept.iter().enumerate().map(masked).collect())
    }
}

/// Draws with a [`RandomProbe`].
pub fn draw_any(request: &Request<'_>) -> Result<Drawn, SparsityError> {
    draw_with(request, Some(&mut RandomProbe::new(request.layers, 3)))
}
