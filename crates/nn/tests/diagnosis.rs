//! An error about numbers names where they ceased to be finite, not what it reached afterwards.

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph, GraphBuilder, InitRule};
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::{Column, ParamStore, initialize};
use rarefy_nn::{Session, SessionError, SessionOptions, models};

const BATCH: usize = 24;

fn graph() -> Graph {
    models::build("cifar_resnet_14_4", Extent { channels: 3, height: 8, width: 8 }, 10).unwrap()
}

/// A session whose parameters `change` has altered: `change(name, numbers)` for each.
fn session(threads: usize, most: usize, change: impl Fn(&str, &mut [f32])) -> Session {
    session_of(&graph(), threads, most, change)
}

fn session_of(graph: &Graph, threads: usize, most: usize, change: impl Fn(&str, &mut [f32])) -> Session {
    let weights = graph.prunable().filter_map(|parameter| graph.node(parameter.node).op.weight());
    let patterns = weights.map(|shape| Pattern::full(shape, Block::UNSTRUCTURED).unwrap()).collect();
    let mut store = ParamStore::new(graph, patterns).unwrap();
    initialize(&mut store, 1);
    for view in 0..store.views().len() {
        let name = store.views()[view].parameter.name.clone();
        change(&name, store.slice_mut(view, Column::Value));
    }
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 };
    let options = SessionOptions { max_batch: BATCH, threads, optimizer };
    Session::in_groups(graph.clone(), store, options, most).unwrap()
}

/// All numbers of `name` times `factor`.
fn scaled(name: &'static str, factor: f32) -> impl Fn(&str, &mut [f32]) {
    move |found, numbers| {
        if found == name {
            numbers.iter_mut().for_each(|number| *number *= factor);
        }
    }
}

fn batch() -> (Vec<f32>, Vec<u32>) {
    let mut random = Stream::new(4, Purpose::Synthetic, 0);
    let images = (0..BATCH * graph().input().len()).map(|_| random.normal() as f32).collect();
    (images, (0..BATCH as u32).map(|sample| sample % 10).collect())
}

fn place<T: std::fmt::Debug>(outcome: Result<T, SessionError>) -> String {
    match outcome {
        Err(SessionError::NonFinite { place }) => place,
        other => panic!("expected numbers that are not finite, found {other:?}"),
    }
}

#[test]
fn an_activation_that_overflows_is_named_in_training_and_evaluation() {
    let (images, labels) = batch();
    for name in ["conv", "blocks.0.conv2", "blocks.2.conv1", "blocks.5.conv2"] {
        let weight: &'static str = format!("{name}.weight").leak();
        for (threads, most) in [(1, BATCH), (2, 10)] {
            let mut session = session(threads, most, scaled(weight, 3e38));
            let expected = format!("the output of {name}");
            assert_eq!(place(session.train_step(&images, &labels, 0.1)), expected);
            let in_evaluation = format!("{expected} in evaluation");
            assert_eq!(place(session.evaluate(&images, &labels)), in_evaluation);
            assert_eq!(place(session.image_gradient(&images, &labels)), in_evaluation);
            assert_eq!(session.trouble_in_evaluation(&images, BATCH), Some(expected));
        }
    }
}

#[test]
fn statistics_that_overflow_while_activations_do_not_are_named() {
    let (images, labels) = batch();
    // The output is some 1e25, its variance 1e50.
    let mut session = session(1, BATCH, scaled("blocks.1.conv1.weight", 1e25));
    assert_eq!(place(session.train_step(&images, &labels, 0.1)), "a statistic of blocks.1.bn1");
    let running = session.store().running_var();
    assert!(running.iter().all(|number| number.is_finite()), "statistics stay as they were");
}

#[test]
fn of_parameters_that_are_not_finite_the_first_is_named() {
    let (images, labels) = batch();
    let mut session = session(2, BATCH, |name, numbers| {
        if ["blocks.4.conv1.weight", "blocks.3.bn2.weight"].contains(&name) {
            numbers[1] = f32::NAN;
        }
    });
    assert_eq!(place(session.train_step(&images, &labels, 0.1)), "a value of blocks.3.bn2.weight");
    assert_eq!(place(session.evaluate(&images, &labels)), "a value of blocks.3.bn2.weight in evaluation");
}

#[test]
fn images_that_are_not_finite_are_named() {
    let (mut images, labels) = batch();
    images[700] = f32::INFINITY;
    let mut session = session(1, BATCH, |_, _| {});
    assert_eq!(place(session.train_step(&images, &labels, 0.1)), "a pixel of the images");
    assert_eq!(place(session.evaluate(&images, &labels)), "a pixel of the images in evaluation");
}

#[test]
fn a_gradient_that_overflows_is_named_in_the_order_of_the_backward_pass() {
    let mut b = GraphBuilder::new("little", Extent { channels: 3, height: 8, width: 8 });
    let (init, zeros) = (InitRule::Normal { std: 0.3 }, InitRule::Constant { value: 0.0 });
    let conv = b.conv("conv", b.input(), 6, 3, 1, 1, init).unwrap();
    let norm = b.batch_norm("norm", conv);
    let relu = b.relu(norm);
    let deep = b.conv("deep", relu, 8, 3, 2, 1, init).unwrap();
    let pool = b.global_avg_pool(deep);
    b.linear("fc", pool, 10, init, zeros).unwrap();
    let graph = b.build().unwrap();
    let (images, labels) = batch();
    for (threads, most) in [(1, BATCH), (2, 10)] {
        // Activations are small, and so are the logits beside the largest number: the gradient of `deep` is
        // not, and its weights multiply it.
        let mut session = session_of(&graph, threads, most, |name, numbers| match name {
            "norm.weight" => numbers.fill(1e-5),
            "deep.weight" => numbers.iter_mut().for_each(|number| *number *= 1e4),
            "fc.weight" => numbers.iter_mut().for_each(|number| *number *= 1e37),
            _ => {}
        });
        assert!(session.evaluate(&images, &labels).is_ok());
        let found = place(session.train_step(&images, &labels, 0.1));
        assert_eq!(found, format!("the gradient of the output of {}", graph.node(relu).name));
    }
}

#[test]
fn finite_passes_have_no_trouble() {
    let (images, labels) = batch();
    let mut session = session(2, 10, |_, _| {});
    session.train_step(&images, &labels, 0.1).unwrap();
    assert_eq!(session.trouble_in_evaluation(&images, BATCH), None);
}
