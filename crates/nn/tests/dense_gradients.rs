//! Gradients where no weight is, as growth criteria need them.

mod common;
#[path = "common/kinks.rs"]
mod kinks;
#[path = "common/oracle.rs"]
#[expect(dead_code, reason = "masked gradients are compared elsewhere")]
mod oracle;

use common::{Case, for_random_networks};
use oracle::{LIMITS, PLAIN, for_random_problems, session};
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_nn::plan::Visit;
use rarefy_nn::reference::Mode;
use rarefy_nn::{Session, StepOutcome};

const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };

/// Views of the prunable weights.
fn prunable(store: &ParamStore) -> Vec<usize> {
    (0..store.views().len()).filter(|&view| store.views()[view].pattern.is_some()).collect()
}

/// What `step` tells of every layer, in order.
fn dense(
    session: &mut Session,
    step: impl FnOnce(&mut Session, Visit<'_>) -> StepOutcome,
) -> (StepOutcome, Vec<Vec<f32>>) {
    let mut found = vec![Vec::new(); session.store().patterns().len()];
    let outcome = step(session, &mut |layer, gradient, _| {
        assert!(found[layer].is_empty(), "layer {layer} comes once");
        found[layer] = gradient.to_vec();
    });
    (outcome, found)
}

fn open(case: &Case, threads: usize) -> Session {
    session(case, case.labels.len() + 3, threads, Isa::best(), SGD)
}

#[test]
fn dense_gradients_match_the_reference_on_every_instruction_set() {
    for_random_problems(120, Mode::Train, |spec, problem| {
        let case = &problem.case;
        for isa in Isa::available() {
            let mut session = session(case, spec.batch, 1, isa, PLAIN);
            let (_, found) = dense(&mut session, |session, visit| {
                session.dense_gradients(&case.images, &case.labels, visit).expect("finite")
            });
            for (view, found) in prunable(&case.store).into_iter().zip(&found) {
                let name = &case.store.views()[view].parameter.name;
                let what = format!("dense gradient of {name} ({})", isa.name());
                problem.assert_dense_gradient_near(&what, found, view);
                let existing = session.store().to_dense(view, Column::Gradient);
                let same = existing.iter().zip(found).all(|(a, b)| a == b || *a == 0.0);
                assert!(same, "existing weights have the same gradient: {name}");
            }
        }
    });
}

#[test]
fn dense_gradients_are_the_same_bits_on_any_number_of_threads() {
    for_random_networks(LIMITS, 20, |spec| {
        let case = spec.build(0);
        let run = |threads| {
            let mut session = open(&case, threads);
            let (_, found) = dense(&mut session, |session, visit| {
                session.train_step_dense(&case.images, &case.labels, 0.1, visit).expect("finite")
            });
            let numbers = found.into_iter().flatten().chain(session.store().column(Column::Value).to_vec());
            numbers.map(f32::to_bits).collect::<Vec<_>>()
        };
        assert!(run(1) == run(2));
    });
}

#[test]
fn growth_steps_move_statistics_and_the_clock_alone() {
    for_random_networks(LIMITS, 20, |spec| {
        let case = spec.build(0);
        let (mut grown, mut trained) = (open(&case, 1), open(&case, 1));
        let (outcome, _) = dense(&mut grown, |session, visit| {
            session.growth_step(&case.images, &case.labels, visit).expect("finite")
        });
        let plain = trained.train_step(&case.images, &case.labels, 0.1).expect("finite");
        assert_eq!(outcome, plain, "the same loss");
        assert_eq!(grown.steps(), 1);
        for column in [Column::Value, Column::Momentum] {
            assert_eq!(grown.store().column(column), case.store.column(column));
        }
        assert_eq!(grown.store().running_mean(), trained.store().running_mean());
        assert_eq!(grown.store().running_var(), trained.store().running_var());
    });
}
