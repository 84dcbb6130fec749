//! Densities and counts of known networks, computed independently in float64.

mod common;

use rarefy_core::{Block, Density};
use rarefy_sparsity::{Drawn, Layer, Request, SparsityError, init};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Golden {
    models: BTreeMap<String, Model>,
}

type Rows = Vec<(f64, u64)>;

#[derive(Deserialize)]
struct Model {
    /// Name and tensor shape.
    layers: Vec<(String, Vec<usize>)>,
    /// Init, global density, then density and `round(density * weights)` per layer; nothing if that is infeasible.
    inits: BTreeMap<String, BTreeMap<String, Option<Rows>>>,
}

fn models() -> BTreeMap<String, Model> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/densities.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    golden.models
}

fn layers(model: &Model) -> Vec<Layer> {
    let layer = |(name, shape): &(String, Vec<usize>)| match shape[..] {
        [outputs, inputs, h, w] => Layer::conv(name, outputs, inputs, h, w),
        [outputs, inputs] => Layer::linear(name, outputs, inputs),
        _ => panic!("{name} has shape {shape:?}"),
    };
    model.layers.iter().map(layer).collect()
}

#[test]
fn densities_and_counts_agree_with_the_golden_data() {
    let (mut checked, mut infeasible) = (0, 0);
    for (name, model) in models() {
        let layers = layers(&model);
        let weights: u64 = layers.iter().map(Layer::weights).sum();
        for (rule, densities) in &model.inits {
            for (density, expected) in densities {
                let what = format!("{name}, {rule} {density}");
                let density: Density = density.parse().unwrap();
                let ideal =
                    init::find(rule).unwrap().densities(&init::Problem::new(&layers, density).unwrap());
                let Some(expected) = expected else {
                    assert!(matches!(ideal, Err(SparsityError::Infeasible { .. })), "{what}: {ideal:?}");
                    infeasible += 1;
                    continue;
                };
                let ideal = ideal.unwrap();
                let shares =
                    rarefy_sparsity::budget::share(&layers, &ideal, density, Block::UNSTRUCTURED).unwrap();
                assert_eq!(expected.len(), layers.len(), "{what}");
                for ((&(golden, count), ideal), share) in expected.iter().zip(ideal).zip(&shares.counts) {
                    assert!((ideal / golden - 1.0).abs() <= 1e-9, "{what}: {ideal} for {golden}");
                    assert!(share.abs_diff(count) <= 1, "{what}: {share} for {count}");
                    assert_eq!(golden == 1.0, ideal == 1.0, "{what}: the same layers are dense");
                    checked += 1;
                }
                assert_eq!(shares.counts.iter().sum::<u64>(), density.budget(weights), "{what}");
                assert_eq!(
                    (shares.target, shares.attained),
                    (density.budget(weights), density.budget(weights))
                );
            }
        }
    }
    // Five models have all five inits; ERK+ is infeasible at the lowest densities of two.
    assert_eq!((checked, infeasible), (438 * 7 * 3 + 256 * 7 * 2 - 3 * 54, 3));
}

#[test]
fn every_published_init_of_the_golden_data_is_known() {
    for model in models().values() {
        assert!(model.inits.keys().all(|name| init::find(name).is_ok_and(|rule| rule.name() == name)));
    }
}

#[test]
fn every_cifar_resnet_meets_its_budget_from_density_0_002_to_1() {
    for (name, model) in models().iter().filter(|(name, _)| name.starts_with("cifar_resnet")) {
        let layers = layers(model);
        let weights: u64 = layers.iter().map(Layer::weights).sum();
        for value in [0.002, 0.003, 0.01, 0.05, 0.37, 0.9, 0.999, 1.0] {
            for &init in init::REGISTRY.iter().filter(|init| init.saliency().is_none()) {
                let density = Density::new(value).unwrap();
                let options = common::table(density);
                let block = Block::UNSTRUCTURED;
                let drawn = common::draw_any(&Request {
                    init,
                    layers: &layers,
                    density,
                    block,
                    mask_seed: 17,
                    options: &options,
                });
                if matches!(drawn, Err(SparsityError::Infeasible { .. })) {
                    assert!(value < 0.01, "{name} {} {value}", init.name());
                    continue;
                }
                let drawn = drawn.unwrap();
                let Drawn { patterns, attained, .. } = drawn;
                let nnz: u64 = patterns.iter().map(|pattern| pattern.nnz() as u64).sum();
                assert_eq!((nnz, attained), (density.budget(weights), nnz), "{name} {} {value}", init.name());
            }
        }
    }
}
