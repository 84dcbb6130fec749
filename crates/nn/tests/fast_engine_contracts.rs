//! What a session promises beside its numbers: the same bits whatever came before and on any threads, errors in time.

#[path = "common/blocks.rs"]
mod blocks;
mod common;

use blocks::{BLOCKS, in_blocks};
use common::stages::Stage;
use common::{Case, Head, Limits, Spec, for_random_networks};
use rarefy_core::Block;
use rarefy_kernels::Isa;
use rarefy_nn::graph::{Extent, GraphBuilder, InitRule, PoolWindow};
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_nn::plan::{Part, Phase};
use rarefy_nn::reference::{Mode, Network, ReferenceError, forward};
use rarefy_nn::{Session, SessionError, SessionOptions, models};

const LIMITS: Limits = Limits { side: 11, channels: 18, batch: 11, stages: 4 };
const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };

fn session(case: &Case, threads: usize) -> Session {
    let options = SessionOptions { max_batch: case.labels.len(), threads, optimizer: SGD };
    Session::with_isa(case.graph.clone(), case.store.clone(), options, Isa::best()).expect("a session")
}

/// Everything a session's training changes, as bits.
fn bits(store: &ParamStore) -> Vec<u32> {
    let columns = Column::ALL.iter().flat_map(|&column| store.column(column));
    to_bits(columns.chain(store.running_mean()).chain(store.running_var()))
}

fn to_bits<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u32> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

/// Three stages of convolution, batch norm, ReLU and 2x2 max pool, down to planes that several samples share.
fn vgg_like() -> Spec {
    let conv = |outputs| Stage::Conv { outputs, kernel: 3, stride: 1, padding: 1, norm: true, relu: true };
    let pool = || Stage::MaxPool(PoolWindow { kernel: 2, stride: 2, padding: 0 });
    Spec {
        input: Extent { channels: 3, height: 8, width: 8 },
        classes: 5,
        batch: 37,
        stages: vec![conv(8), pool(), conv(16), conv(16), pool(), conv(24), pool()],
        head: Head::Linear,
        densities: vec![1.0, 0.1, 0.2],
        block: Block::UNSTRUCTURED,
    }
}

/// Two training steps, an evaluation and a gradient of the images.
fn assert_threads_do_not_matter(case: &Case) {
    let run = |threads: usize| {
        let mut session = session(case, threads);
        let losses =
            [0.1, 0.01].map(|lr| session.train_step(&case.images, &case.labels, lr).expect("finite"));
        let logits = to_bits(&session.training_logits());
        let trained = bits(session.store());
        let evaluated = session.evaluate(&case.images, &case.labels).expect("finite");
        let (attacked, gradient) = session.image_gradient(&case.images, &case.labels).expect("finite");
        (losses, logits, trained, evaluated, attacked, to_bits(&gradient))
    };
    let one = run(1);
    assert!(one == run(2) && one == run(3));
}

#[test]
fn threads_do_not_change_a_bit_of_random_networks() {
    for_random_networks(Limits { batch: 40, ..LIMITS }, 32, |spec| {
        assert_threads_do_not_matter(&spec.build(0));
    });
}

#[test]
fn threads_do_not_change_a_bit_of_networks_with_max_pools() {
    assert_threads_do_not_matter(&vgg_like().build(0));
    let graph = models::build("vgg11", Extent { channels: 3, height: 32, width: 32 }, 10).expect("known");
    assert_threads_do_not_matter(&Case::draw(graph, &[0.3, 0.02], Block::UNSTRUCTURED, 9, 0));
}

#[test]
fn threads_do_not_change_a_bit_of_networks_in_blocks() {
    for block in BLOCKS {
        assert_threads_do_not_matter(&Spec { batch: 37, ..in_blocks(block) }.build(0));
    }
}

#[test]
fn a_smaller_batch_sees_nothing_of_a_larger_one_before_it() {
    for_random_networks(LIMITS, 48, |spec| {
        let case = spec.build(0);
        let part = spec.batch.div_ceil(2);
        // A channel of one number has no statistics to train with.
        if part * case.graph.batch_norms().map(|(_, node)| node.extent.area()).min().unwrap_or(2) < 2 {
            return;
        }
        let (images, labels) = (&case.images[..part * spec.input.len()], &case.labels[..part]);
        let run = |first: bool| {
            let mut session = session(&case, 1);
            if first {
                session.gradients(&case.images, &case.labels).expect("finite");
                session.image_gradient(&case.images, &case.labels).expect("finite");
            }
            let outcome = session.train_step(images, labels, 0.1).expect("finite");
            let gradient = session.image_gradient(images, labels).expect("finite").1;
            (outcome, bits(session.store()), to_bits(&gradient))
        };
        assert!(run(true) == run(false));
    });
}

#[test]
fn image_gradients_follow_training_and_new_patterns_and_leave_training_alone() {
    for_random_networks(LIMITS, 24, |spec| {
        let (case, other) = (spec.build(0), spec.build(1));
        let gradient = |session: &mut Session| {
            to_bits(&session.image_gradient(&case.images, &case.labels).expect("finite").1)
        };
        let fresh = |store: &ParamStore| {
            let mut fresh = session(&case, 1);
            fresh.restore(store.clone(), 0).expect("the same parameters");
            gradient(&mut fresh)
        };
        let train =
            |session: &mut Session| session.train_step(&case.images, &case.labels, 0.05).expect("finite");

        let (mut attacked, mut plain) = (session(&case, 1), session(&case, 1));
        gradient(&mut attacked);
        assert_eq!(train(&mut attacked), train(&mut plain));
        let logits = attacked.training_logits();
        assert_eq!(gradient(&mut attacked), fresh(plain.store()), "after a step");
        assert_eq!(attacked.training_logits(), logits, "a gradient of images is no training pass");
        assert_eq!(train(&mut attacked), train(&mut plain));
        assert!(bits(attacked.store()) == bits(plain.store()), "the second step");

        attacked.restore(other.store.clone(), 0).expect("the same parameters");
        assert_eq!(gradient(&mut attacked), fresh(&other.store), "after new patterns");
    });
}

#[test]
fn training_logits_are_those_of_the_latest_training_pass_alone() {
    let case = vgg_like().build(0);
    let mut session = session(&case, 1);
    assert!(session.training_logits().is_empty(), "nothing trained yet");
    session.gradients(&case.images, &case.labels).expect("finite");
    let logits = session.training_logits();
    assert_eq!(logits.len(), case.labels.len() * case.graph.classes());
    session.gradients(&case.images[..2 * case.graph.input().len()], &case.labels[..2]).expect("finite");
    assert_eq!(session.training_logits().len(), 2 * case.graph.classes());
    session.evaluate(&case.images, &case.labels).expect("finite");
    assert!(session.training_logits().is_empty(), "the pass before was an evaluation");
    session.gradients(&case.images, &case.labels).expect("finite");
    session.restore(vgg_like().build(1).store, 0).expect("the same parameters");
    assert!(session.training_logits().is_empty(), "other weights");
}

#[test]
fn a_single_number_per_channel_is_refused_as_the_reference_refuses_it() {
    let refused = std::cell::Cell::new(0);
    for_random_networks(Limits { side: 4, ..LIMITS }, 200, |spec| {
        let case = spec.build(0);
        let network = Network::<f64>::from_store(&case.store);
        let image: Vec<f64> = case.images[..spec.input.len()].iter().map(|&x| f64::from(x)).collect();
        let mut session = session(&case, 1);
        let (one, label) = (&case.images[..spec.input.len()], &case.labels[..1]);
        match forward(&case.graph, &network, &image, 1, Mode::Train) {
            Err(ReferenceError::SingleNumber { node }) => {
                refused.set(refused.get() + 1);
                for outcome in [session.gradients(one, label), session.train_step(one, label, 0.1)] {
                    let Err(SessionError::Batch(text)) = outcome else { panic!("{outcome:?}") };
                    assert!(text.contains(&format!("`{node}`")) && text.contains("larger batch"), "{text}");
                }
                assert_eq!((session.store(), session.steps()), (&case.store, 0), "nothing happened");
                assert!(session.evaluate(one, label).is_ok() && session.image_gradient(one, label).is_ok());
            }
            other => assert!(other.is_ok() && session.train_step(one, label, 0.1).is_ok()),
        }
    });
    assert!((20..180).contains(&refused.get()), "both answers must occur, found {} errors", refused.get());
}

#[test]
fn not_a_number_passes_max_pools_to_the_loss() {
    let mut b = GraphBuilder::new("pool", Extent { channels: 1, height: 3, width: 3 });
    let pool = b.max_pool(b.input(), PoolWindow { kernel: 3, stride: 1, padding: 0 }).expect("fits");
    let any = InitRule::Constant { value: 0.0 };
    b.linear("fc", pool, 2, any, any).expect("a vector");
    let mut case = Case::draw(b.build().expect("logits"), &[1.0], Block::UNSTRUCTURED, 1, 0);
    for place in 0..9 {
        case.images.fill(1.0);
        case.images[place] = f32::NAN;
        let mut session = session(&case, 1);
        assert!(session.logits(&case.images, 1).expect("fits")[0].is_nan(), "pixel {place}");
        for outcome in
            [session.evaluate(&case.images, &case.labels), session.gradients(&case.images, &case.labels)]
        {
            assert!(matches!(outcome, Err(SessionError::NonFinite { .. })), "{outcome:?}");
        }
    }
}

#[test]
fn batches_that_do_not_fit_are_errors_before_anything_runs() {
    let case = vgg_like().build(0);
    let mut session = session(&case, 1);
    let pixels = case.graph.input().len();
    let mut long = case.images.clone();
    long.extend_from_slice(&case.images[..pixels]);
    let mut labels = case.labels.clone();
    labels.push(0);
    let mut wrong = case.labels.clone();
    wrong[3] = 5;
    for (images, labels, expected) in [
        (&case.images[..0], &case.labels[..0], "1 to 37 samples"),
        (&case.images[1..], &case.labels[..], "1 to 37 samples"),
        (&long[..], &labels[..], "1 to 37 samples"),
        (&case.images[..], &wrong[..], "label 5 is out of range"),
    ] {
        for error in [
            session.train_step(images, labels, 0.1).expect_err("does not fit"),
            session.evaluate(images, labels).expect_err("does not fit"),
            session.image_gradient(images, labels).expect_err("does not fit"),
        ] {
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
    assert_eq!(session.store(), &case.store);
}

#[test]
fn a_profile_counts_every_layer_and_changes_no_bit() {
    let case = vgg_like().build(0);
    let steps = 2;
    let run = |profiled: bool| {
        let mut session = session(&case, 2);
        if profiled {
            session.start_profile();
        }
        let started = std::time::Instant::now();
        for _ in 0..steps {
            session.train_step(&case.images, &case.labels, 0.1).expect("finite");
        }
        (bits(session.store()), started.elapsed().as_secs_f64(), session.finish_profile(steps))
    };
    let (plain, _, unmeasured) = run(false);
    let (measured, elapsed, profile) = run(true);
    assert!(plain == measured);
    assert!(unmeasured.spans.iter().all(|span| span.seconds == 0.0 && span.parts.is_empty()));
    let total: f64 = profile.spans.iter().map(|span| span.seconds).sum();
    assert!(profile.steps == steps && total > 0.0 && total <= elapsed, "{total} of {elapsed} s");
    for phase in Phase::ALL {
        assert!(profile.spans.iter().any(|span| span.phase == phase && span.seconds > 0.0), "{phase:?}");
    }
    for (parameter, pattern) in case.graph.prunable().zip(case.store.patterns()) {
        let name = parameter.name.trim_end_matches(".weight");
        let macs =
            (case.labels.len() * pattern.nnz()) as f64 * case.graph.macs_per_weight(parameter.node) as f64;
        let span = |phase| {
            let mut spans = profile.spans.iter().filter(|span| span.phase == phase && span.name == name);
            let span = spans.next().expect("every layer has a span");
            assert!(span.bytes > 0.0 && spans.next().is_none(), "{name}");
            let took = |part| span.parts.iter().any(|&(of, seconds)| of == part && seconds > 0.0);
            (span.multiply_adds / macs, [Part::Multiply, Part::WeightGradient, Part::InputGradient].map(took))
        };
        assert_eq!(span(Phase::Forward), (1.0, [true, false, false]), "{name}");
        let first = case.graph.node(parameter.node).inputs[0].0 == 0;
        let directions = if first { 1.0 } else { 2.0 };
        assert_eq!(span(Phase::Backward), (directions, [false, true, !first]), "{name}");
    }
}
