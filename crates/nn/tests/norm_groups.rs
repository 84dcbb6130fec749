//! Training in groups that share batch-norm statistics: the engine against the reference executor and against itself.

mod common;
#[path = "common/group_size.rs"]
mod group_size;
#[path = "common/kinks.rs"]
mod kinks;
#[path = "common/oracle.rs"]
#[expect(dead_code, reason = "whole batches are compared elsewhere")]
mod oracle;

use common::{Case, Limits, Spec, for_random_networks};
use group_size::group_size;
use oracle::{LIMITS, PLAIN, Problem, clear_in_groups, widen};
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_nn::reference::Mode;
use rarefy_nn::{Session, SessionError, SessionOptions, StepOutcome};
use std::cell::Cell;

const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };

fn open(case: &Case, most: usize, threads: usize, isa: Isa, optimizer: Optimizer) -> Session {
    let options = SessionOptions { max_batch: case.labels.len() + 3, threads, optimizer };
    Session::in_groups_with_isa(case.graph.clone(), case.store.clone(), options, most, isa)
        .expect("a session")
}

/// A group size that cuts the batch of `spec`, or not.
fn most(spec: &Spec, case: &Case) -> usize {
    group_size(case, 1 + (spec.classes + spec.stages.len()) % 5)
}

fn bits(store: &ParamStore) -> Vec<u32> {
    let columns = Column::ALL.iter().flat_map(|&column| store.column(column));
    columns.chain(store.running_mean()).chain(store.running_var()).map(|value| value.to_bits()).collect()
}

#[test]
fn losses_gradients_and_running_statistics_match_the_reference_on_every_instruction_set() {
    let (skipped, cut) = (Cell::new(0), Cell::new(0));
    for_random_networks(LIMITS, 150, |spec| {
        let clear = (0..60).find_map(|draw| {
            let case = spec.build(draw);
            let most = most(spec, &case);
            clear_in_groups(case, Mode::Train, most).map(|problem| (problem, most))
        });
        let Some((problem, most)) = clear else { return skipped.set(skipped.get() + 1) };
        cut.set(cut.get() + usize::from(most < spec.batch));
        let Problem { case, exact, rounded } = &problem;
        for isa in Isa::available() {
            let mut session = open(case, most, 1, isa, PLAIN);
            let outcome = session.train_step(&case.images, &case.labels, 0.0).expect("finite");
            let loss = outcome.loss_sum / spec.batch as f64;
            problem.assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
            let logits = widen(&session.training_logits());
            problem.assert_near("training logits", &logits, &exact.logits, &widen(&rounded.logits));
            for (view, parameter) in case.graph.parameters().iter().enumerate() {
                let found = session.store().to_dense(view, Column::Gradient);
                let what = format!("gradient of {} ({}, groups of {most})", parameter.name, isa.name());
                problem.assert_gradient_near(&what, &found, view);
            }
            let store = session.store();
            for (kind, found, exact, rounded) in [
                ("mean", store.running_mean(), &exact.network.running_mean, &rounded.network.running_mean),
                ("var", store.running_var(), &exact.network.running_var, &rounded.network.running_var),
            ] {
                problem.assert_near(kind, &widen(found), &exact.concat(), &widen(&rounded.concat()));
            }
        }
    });
    assert!(skipped.get() * 5 <= 150, "{} networks never went without a kink", skipped.get());
    assert!(cut.get() >= 60, "only {} batches were cut", cut.get());
}

/// Two training steps, an evaluation, logits, dense gradients and gradients of the images.
fn run(session: &mut Session, case: &Case) -> (Vec<StepOutcome>, Vec<u32>) {
    let (images, labels) = (&case.images[..], &case.labels[..]);
    let mut outcomes = Vec::new();
    let mut numbers = Vec::new();
    for lr in [0.1, 0.01] {
        outcomes.push(session.train_step(images, labels, lr).expect("finite"));
        numbers.extend(session.training_logits());
    }
    let mut seen = 0;
    let mut visit = |layer: usize, gradient: &[f32], _: &ParamStore| {
        seen += layer + 1;
        numbers.extend_from_slice(gradient);
    };
    outcomes.push(session.dense_gradients(images, labels, &mut visit).expect("finite"));
    let layers = case.store.patterns().len();
    assert_eq!(seen, layers * (layers + 1) / 2, "every layer comes once");
    outcomes.push(session.evaluate(images, labels).expect("finite"));
    numbers.extend(session.logits(images, labels.len()).expect("fits"));
    let (attacked, gradient) = session.image_gradient(images, labels).expect("finite");
    outcomes.push(attacked);
    numbers.extend(gradient);
    let mut all = bits(session.store());
    all.extend(numbers.iter().map(|number| number.to_bits()));
    (outcomes, all)
}

#[test]
fn threads_do_not_change_a_bit_of_steps_in_groups() {
    for_random_networks(Limits { batch: 40, ..LIMITS }, 16, |spec| {
        let case = spec.build(0);
        let most = most(spec, &case);
        let with = |threads| run(&mut open(&case, most, threads, Isa::best(), SGD), &case);
        let one = with(1);
        assert!(one == with(2) && one == with(3), "groups of {most}");
    });
}

#[test]
fn a_group_of_the_whole_batch_gives_the_bits_of_no_groups() {
    for_random_networks(LIMITS, 16, |spec| {
        let case = spec.build(0);
        let whole = |most| run(&mut open(&case, most, 1, Isa::best(), SGD), &case);
        let options = SessionOptions { max_batch: spec.batch + 3, threads: 1, optimizer: SGD };
        let mut plain = Session::new(case.graph.clone(), case.store.clone(), options).expect("a session");
        let plain = run(&mut plain, &case);
        assert!(plain == whole(spec.batch + 3) && plain == whole(1000));
    });
}

#[test]
fn dense_gradients_in_groups_are_those_of_the_reference_summed_over_the_groups() {
    let compared = Cell::new(0);
    for_random_networks(LIMITS, 40, |spec| {
        let case = spec.build(0);
        let most = most(spec, &case);
        let Some(problem) = clear_in_groups(case, Mode::Train, most) else { return };
        compared.set(compared.get() + 1);
        let case = &problem.case;
        let mut session = open(case, most, 1, Isa::best(), PLAIN);
        let mut found = vec![Vec::new(); case.store.patterns().len()];
        let mut visit = |layer: usize, gradient: &[f32], _: &ParamStore| found[layer] = gradient.to_vec();
        session.dense_gradients(&case.images, &case.labels, &mut visit).expect("finite");
        for (view, of) in case.store.views().iter().enumerate() {
            if let Some(layer) = of.pattern {
                problem.assert_dense_gradient_near(&of.parameter.name, &found[layer], view);
            }
        }
    });
    assert!(compared.get() >= 12, "only {} went without a kink", compared.get());
}

#[test]
fn groups_without_statistics_and_empty_groups_are_errors() {
    let mut b = rarefy_nn::graph::GraphBuilder::new("tiny", rarefy_nn::graph::Extent::vector(2));
    let x = b.batch_norm("bn", b.input());
    let any = rarefy_nn::graph::InitRule::Constant { value: 0.0 };
    b.linear("fc", x, 2, any, any).expect("a vector");
    let case = Case::draw(b.build().expect("logits"), &[1.0], rarefy_core::Block::UNSTRUCTURED, 5, 0);
    // Five samples in groups of at most two: one of a single sample.
    let mut session = open(&case, 2, 1, Isa::best(), SGD);
    let error = session.train_step(&case.images, &case.labels, 0.1).expect_err("a single number");
    assert!(error.to_string().contains("group of 1"), "{error}");
    assert_eq!(session.store(), &case.store, "nothing happened");
    assert!(open(&case, 3, 1, Isa::best(), SGD).train_step(&case.images, &case.labels, 0.1).is_ok());
    let options = SessionOptions { max_batch: 5, threads: 1, optimizer: SGD };
    let none = Session::in_groups(case.graph.clone(), case.store.clone(), options, 0);
    assert!(matches!(none, Err(SessionError::Batch(_))));
}
