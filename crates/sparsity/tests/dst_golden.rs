//! Drops and growth of one layer against golden index sets: `tests/golden/dst_steps.json`, computed independently in float64.

use rarefy_core::{Block, Pattern, WeightShape};
use rarefy_sparsity::drop::{self, Scope, Settings};
use rarefy_sparsity::update::{Draw, Rules, Updater};
use rarefy_sparsity::{Active, grow, redistribution};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    shape: [usize; 4],
    drop_fraction: f64,
    active: Vec<u32>,
    weights: Vec<f32>,
    gradients: Vec<f32>,
    momentum: Vec<f32>,
    expected: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    dropped: Vec<u32>,
    gradient: Grown,
    momentum: Grown,
    random: Count,
}

#[derive(Deserialize)]
struct Grown {
    grown: Vec<u32>,
    active: Vec<usize>,
    dropped_and_regrown: Vec<u32>,
}

#[derive(Deserialize)]
struct Count {
    active_count: usize,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/dst_steps.json");
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    golden.cases
}

/// The pattern after one update, and what it did.
fn update(case: &Case, drop: &str, growth: &str, dense: &[f32]) -> (Pattern, Updater) {
    let [outputs, inputs, h, w] = case.shape;
    let shape = WeightShape::conv(outputs, inputs, h, w);
    let mut pattern = Pattern::from_positions(shape, Block::UNSTRUCTURED, &case.active).unwrap();
    let values: Vec<f32> = pattern.iter_dense_indices().map(|index| case.weights[index]).collect();
    let layer = pattern.clone();
    let network =
        [Active { name: "conv", pattern: &layer, values: &values, gradient: &[], momentum: &[], signs: &[] }];
    let rules = Rules {
        drop: drop::find(drop).unwrap(),
        settings: Settings::default(),
        scope: Scope::Layer,
        grow: grow::find(growth).unwrap(),
        redistribution: redistribution::find("none").unwrap(),
    };
    let mut updater = Updater::default();
    let draw = Draw { seed: 1, update: 0 };
    updater.plan(&rules, &network[..], case.drop_fraction, pattern.nnz() as u64, draw).unwrap();
    updater.grow(&rules, &network[..], 0, dense, None, draw).unwrap();
    let (out, into) = updater.edit(0);
    pattern.edit(out, into, &mut Default::default()).unwrap();
    (pattern, updater)
}

#[test]
fn index_sets_of_drops_and_growth_are_exact() {
    let cases = cases();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        for (drop, expected) in &case.expected {
            for (growth, dense, grown) in [
                ("gradient", &case.gradients, &expected.gradient),
                ("momentum", &case.momentum, &expected.momentum),
            ] {
                let what = format!("{} {drop} {growth}", case.name);
                let (pattern, mut updater) = update(case, drop, growth, dense);
                assert_eq!(updater.dropped(0), expected.dropped, "{what}");
                assert_eq!(updater.grown(0), grown.grown, "{what}");
                assert_eq!(pattern.iter_dense_indices().collect::<Vec<_>>(), grown.active, "{what}");
                // What is dropped and grown again never leaves: it keeps its value.
                let (out, into) = updater.edit(0);
                let stays = |position: &&u32| !out.contains(position) && !into.contains(position);
                assert!(grown.dropped_and_regrown.iter().all(|position| stays(&position)), "{what}");
                assert_eq!(out.len() + grown.dropped_and_regrown.len(), expected.dropped.len(), "{what}");
            }
            for growth in ["random", "random_unfired"] {
                let (pattern, updater) = update(case, drop, growth, &[]);
                assert_eq!(pattern.nnz(), expected.random.active_count, "{} {drop} {growth}", case.name);
                assert_eq!(updater.grown(0).len(), expected.dropped.len());
            }
        }
    }
}
