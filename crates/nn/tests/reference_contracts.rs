//! What the reference executor promises beside its numbers: errors, masks, modes, number types.

mod common;

use common::{Limits, for_random_networks};
use rarefy_nn::graph::{Extent, Graph, GraphBuilder, InitRule, Role};
use rarefy_nn::reference::{
    Mode, Network, ReferenceError, Scalar, Trace, backward, cross_entropy, forward, mask,
};

const LIMITS: Limits = Limits { side: 6, channels: 6, batch: 3, stages: 2 };
const CONSTANT: InitRule = InitRule::Constant { value: 0.0 };

/// A 1 x 1 image, batch norm, two classes.
fn tiny() -> Graph {
    let mut b = GraphBuilder::new("tiny", Extent::vector(2));
    let x = b.batch_norm("bn", b.input());
    b.linear("fc", x, 2, CONSTANT, CONSTANT).expect("a vector");
    b.build().expect("logits")
}

#[test]
fn wrong_lengths_are_errors_that_name_the_buffer() {
    let graph = tiny();
    let network = Network::<f64>::zeros(&graph);
    let error = forward(&graph, &network, &[0.0; 5], 2, Mode::Eval).expect_err("4 pixels needed");
    assert_eq!(error, ReferenceError::Length { what: "images".into(), expected: 4, found: 5 });
    let mut short = network.clone();
    short.params[2].pop();
    let error = forward(&graph, &short, &[0.0; 4], 2, Mode::Eval).expect_err("a short weight");
    assert_eq!(error, ReferenceError::Length { what: "fc.weight".into(), expected: 4, found: 3 });
    let mut short = network.clone();
    short.running_var[0].pop();
    let error = forward(&graph, &short, &[0.0; 4], 2, Mode::Eval).expect_err("a short variance");
    assert_eq!(error, ReferenceError::Length { what: "bn.running_var".into(), expected: 2, found: 1 });
    let trace = forward(&graph, &network, &[0.0; 4], 2, Mode::Eval).expect("fits");
    let error = backward(&graph, &network, &trace, &[0.0; 3]).expect_err("4 logits");
    assert!(matches!(error, ReferenceError::Length { expected: 4, found: 3, .. }), "{error}");
}

#[test]
fn batches_without_samples_or_variance_are_errors() {
    let graph = tiny();
    let network = Network::<f64>::zeros(&graph);
    assert_eq!(forward(&graph, &network, &[], 0, Mode::Eval), Err(ReferenceError::EmptyBatch));
    assert_eq!(cross_entropy::<f64>(&[], &[], 2), Err(ReferenceError::EmptyBatch));
    let error = forward(&graph, &network, &[1.0, 2.0], 1, Mode::Train).expect_err("one number per channel");
    assert_eq!(error, ReferenceError::SingleNumber { node: "bn".into() });
    assert!(forward(&graph, &network, &[1.0, 2.0], 1, Mode::Eval).is_ok());
}

#[test]
fn labels_beyond_the_classes_are_errors_that_name_the_sample() {
    let error = cross_entropy(&[0.0, 0.0, 0.0, 0.0], &[1, 2], 2).expect_err("two classes");
    assert_eq!(error, ReferenceError::Label { sample: 1, label: 2, classes: 2 });
}

#[test]
fn a_trace_of_another_graph_is_refused() {
    let graph = tiny();
    let network = Network::<f64>::zeros(&graph);
    let mut b = GraphBuilder::new("other", Extent::vector(2));
    let x = b.relu(b.input());
    b.linear("fc", x, 2, CONSTANT, CONSTANT).expect("a vector");
    let other = b.build().expect("logits");
    let trace = forward(&other, &Network::zeros(&other), &[0.0; 4], 2, Mode::Train).expect("fits");
    let error = backward(&graph, &network, &trace, &[0.0; 4]).expect_err("another graph");
    assert_eq!(error, ReferenceError::ForeignTrace { graph: "tiny".into() });
}

#[test]
fn cross_entropy_survives_logits_whose_exponentials_overflow() {
    let loss = cross_entropy(&[1000.0f64, 0.0, -1000.0, 0.0], &[0, 0], 2).expect("labels fit");
    assert_eq!(loss.mean, 500.0);
    assert_eq!(loss.gradient, [0.0, 0.0, -0.5, 0.5]);
}

#[test]
fn masked_tensors_keep_exactly_the_weights_of_the_patterns() {
    for_random_networks(LIMITS, 32, |spec| {
        let case = spec.build(0);
        let mut tensors: Vec<Vec<f64>> =
            case.graph.parameters().iter().map(|parameter| vec![1.0; parameter.len()]).collect();
        mask(&case.graph, case.store.patterns(), &mut tensors);
        let mut patterns = case.store.patterns().iter();
        for (parameter, tensor) in case.graph.parameters().iter().zip(&tensors) {
            let kept: Vec<usize> = (0..tensor.len()).filter(|&index| tensor[index] == 1.0).collect();
            let mut expected: Vec<usize> = match parameter.role {
                Role::Weight => patterns.next().expect("one per weight").iter_dense_indices().collect(),
                _ => (0..parameter.len()).collect(),
            };
            expected.sort_unstable();
            assert_eq!(kept, expected, "{}", parameter.name);
        }
    });
}

#[test]
fn evaluation_ignores_the_rest_of_the_batch_and_moves_no_statistics() {
    for_random_networks(LIMITS, 32, |spec| {
        let case = spec.build(0);
        let mut network = Network::<f64>::from_store(&case.store);
        let images: Vec<f64> = case.images.iter().map(|&x| f64::from(x)).collect();
        let run = |images: &[f64], batch: usize| {
            forward(&case.graph, &network, images, batch, Mode::Eval).expect("fits")
        };
        let all = run(&images, spec.batch);
        let first = run(&images[..spec.input.len()], 1);
        assert_eq!(first.logits(), &all.logits()[..spec.classes]);
        let before = network.clone();
        network.update_running(&all);
        assert_eq!(network, before);
    });
}

#[test]
fn f32_agrees_with_f64_to_rounding() {
    for_random_networks(LIMITS, 32, |spec| {
        let case = spec.build(0);
        fn run<T: Scalar>(case: &common::Case) -> Trace<T> {
            let images: Vec<T> = case.images.iter().map(|&x| T::from_f64(f64::from(x))).collect();
            let network = Network::from_store(&case.store);
            forward(&case.graph, &network, &images, case.labels.len(), Mode::Eval).expect("fits")
        }
        let (wide, narrow) = (run::<f64>(&case), run::<f32>(&case));
        let largest = wide.logits().iter().fold(1.0f64, |largest, logit| largest.max(logit.abs()));
        for (wide, narrow) in wide.logits().iter().zip(narrow.logits()) {
            assert!((wide - f64::from(*narrow)).abs() < 1e-5 * largest, "{wide} {narrow}");
        }
    });
}

#[test]
fn not_a_number_passes_relu_to_the_loss_and_back_to_the_images() {
    let mut b = GraphBuilder::new("relu", Extent::vector(2));
    let x = b.relu(b.input());
    b.linear("fc", x, 2, CONSTANT, CONSTANT).expect("a vector");
    let graph = b.build().expect("logits");
    let mut network = Network::<f64>::zeros(&graph);
    network.params[0] = vec![1.0; 4];
    let trace = forward(&graph, &network, &[f64::NAN, -1.0], 1, Mode::Train).expect("fits");
    let loss = cross_entropy(trace.logits(), &[0], 2).expect("labels fit");
    let gradients = backward(&graph, &network, &trace, &loss.gradient).expect("same graph");
    assert!(loss.mean.is_nan() && gradients.input[0].is_nan(), "{loss:?} {gradients:?}");
    assert_eq!(gradients.input[1], 0.0);
}
