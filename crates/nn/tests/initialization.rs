//! Initial values: distribution, determinism, and independence of the mask.

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph, InitRule, Parameter, Role};
use rarefy_nn::models;
use rarefy_nn::params::{Column, ParamStore, initialize};
use std::collections::BTreeSet;

fn graph() -> Graph {
    models::build("cifar_resnet_20", Extent { channels: 3, height: 32, width: 32 }, 10)
        .expect("a known model")
}

/// An initialized store of `graph` with layers of about `density`, drawn from `mask_seed`.
fn initialized(graph: &Graph, density: f64, block: Block, mask_seed: u64, seed: u64) -> ParamStore {
    let patterns = graph.prunable().enumerate().map(|(layer, parameter)| {
        let shape = graph.node(parameter.node).op.weight().expect("prunable nodes have a weight");
        let block = block.fit(shape);
        let positions = (shape.len() / block.len()) as u32;
        let mut stream = Stream::new(mask_seed, Purpose::Mask, layer as u64);
        let chosen = stream.choose(positions, (density * f64::from(positions)).round() as u32);
        Pattern::from_positions(shape, block, &chosen).expect("ascending positions")
    });
    let mut store = ParamStore::new(graph, patterns.collect()).expect("one pattern per weight");
    initialize(&mut store, seed);
    store
}

/// Every network that a family gives as an example, once.
fn examples() -> impl Iterator<Item = Graph> {
    let names = models::REGISTRY.iter().flat_map(|family| family.examples);
    let mut seen = BTreeSet::new();
    let graphs = names.map(|name| {
        models::build(name, Extent { channels: 3, height: 32, width: 32 }, 10).expect("an example builds")
    });
    graphs.filter(move |graph| seen.insert(graph.name().to_owned()))
}

#[test]
fn every_parameter_has_the_moments_of_its_rule() {
    // The largest networks draw by the same rules as the smaller ones of their families.
    let small = |graph: &Graph| graph.prunable_len() < 10_000_000;
    examples().filter(small).for_each(|graph| assert_moments(&graph));
}

fn assert_moments(graph: &Graph) {
    let full = graph.prunable().map(|parameter| {
        let shape = graph.node(parameter.node).op.weight().expect("prunable nodes have a weight");
        Pattern::full(shape, Block::UNSTRUCTURED).expect("single weights fit")
    });
    let mut store = ParamStore::new(graph, full.collect()).expect("one pattern per weight");
    initialize(&mut store, 17);
    for (view, parameter) in graph.parameters().iter().enumerate() {
        let values = store.slice(view, Column::Value);
        let moment = |power: i32| {
            values.iter().map(|&value| f64::from(value).powi(power)).sum::<f64>() / values.len() as f64
        };
        let (mean, std) = (moment(1), (moment(2) - moment(1).powi(2)).sqrt());
        // Five standard errors of a sample of this size: of the mean, and of the standard deviation of a normal.
        let slack = 5.0 / (values.len() as f64).sqrt();
        match parameter.init {
            InitRule::Normal { std: expected } => {
                assert!(mean.abs() < slack * expected, "{}: mean {mean}", parameter.name);
                let off = (std / expected - 1.0).abs();
                assert!(off < slack / 2f64.sqrt(), "{}: std {std} is not {expected}", parameter.name);
            }
            InitRule::Uniform { bound } => {
                assert!(values.iter().all(|value| f64::from(value.abs()) <= bound), "{}", parameter.name);
                assert!(mean.abs() < slack * bound, "{}: mean {mean}", parameter.name);
                let off = (std / (bound / 3f64.sqrt()) - 1.0).abs();
                assert!(off < slack, "{}: std {std}, bound {bound}", parameter.name);
            }
            InitRule::Constant { value } => {
                assert!(values.iter().all(|&found| f64::from(found) == value), "{}", parameter.name);
            }
        }
    }
}

/// Kaiming normal by fan-in, and PyTorch's bias of a linear layer.
fn cifar_resnet_rule(parameter: &Parameter, features: usize) -> InitRule {
    match parameter.role {
        Role::Weight => InitRule::Normal { std: (2.0 / parameter.fan_in() as f64).sqrt() },
        Role::Bias => InitRule::Uniform { bound: 1.0 / (features as f64).sqrt() },
        Role::Gamma => InitRule::Constant { value: 1.0 },
        Role::Beta => InitRule::Constant { value: 0.0 },
    }
}

/// Convolutions normal by fan-out, the classifier N(0, 0.01) without bias.
fn vgg_rule(parameter: &Parameter, _: usize) -> InitRule {
    match (parameter.role, parameter.shape.as_slice()) {
        (Role::Weight, [outputs, _, height, width]) => {
            InitRule::Normal { std: (2.0 / (outputs * height * width) as f64).sqrt() }
        }
        (Role::Weight, _) => InitRule::Normal { std: 0.01 },
        (Role::Gamma, _) => InitRule::Constant { value: 1.0 },
        (Role::Beta | Role::Bias, _) => InitRule::Constant { value: 0.0 },
    }
}

#[test]
fn every_example_starts_as_its_paper_says() {
    for graph in examples() {
        let rule = match graph.name() {
            name if name.starts_with("cifar_resnet") => cifar_resnet_rule,
            name if name.starts_with("vgg") => vgg_rule,
            name => panic!("no rule is written down here for {name}"),
        };
        let classifier = graph.prunable().last().expect("a classifier");
        for parameter in graph.parameters() {
            let expected = rule(parameter, classifier.fan_in());
            assert_eq!(parameter.init, expected, "{} of {}", parameter.name, graph.name());
        }
    }
}

#[test]
fn survivors_of_every_mask_have_the_dense_networks_values() {
    let graph = graph();
    let dense = initialized(&graph, 1.0, Block::UNSTRUCTURED, 0, 3);
    for (density, block) in
        [(0.05, Block::UNSTRUCTURED), (0.5, Block::UNSTRUCTURED), (0.1, Block { rows: 4, columns: 2 })]
    {
        let sparse = initialized(&graph, density, block, 9, 3);
        assert!(sparse.nnz() < dense.nnz());
        for (view, parameter) in graph.parameters().iter().enumerate() {
            let (found, all) = (sparse.to_dense(view, Column::Value), dense.to_dense(view, Column::Value));
            let exists: Vec<usize> = match sparse.views()[view].pattern {
                Some(pattern) => sparse.patterns()[pattern].iter_dense_indices().collect(),
                None => (0..all.len()).collect(),
            };
            assert!(exists.iter().all(|&index| found[index] == all[index]), "{}", parameter.name);
            let kept = found.iter().filter(|&&value| value != 0.0).count();
            assert!(kept <= exists.len(), "{}: numbers outside the mask", parameter.name);
        }
    }
}

#[test]
fn seeds_decide_the_values_and_layers_do_not_repeat_each_other() {
    let graph = graph();
    let [a, again, b] = [5, 5, 6].map(|seed| initialized(&graph, 1.0, Block::UNSTRUCTURED, 0, seed));
    assert_eq!(a.column(Column::Value), again.column(Column::Value));
    let weights = |store: &ParamStore, view: usize| store.slice(view, Column::Value)[..27].to_vec();
    assert_ne!(weights(&a, 0), weights(&b, 0));
    // blocks.0.conv1 and blocks.0.conv2 have one shape and rule.
    assert_ne!(weights(&a, 3), weights(&a, 6));
}
