//! The fast engine (f32) against the reference executor (f64) on random small networks.

#[path = "common/blocks.rs"]
mod blocks;
mod common;
#[path = "common/kinks.rs"]
mod kinks;
#[path = "common/oracle.rs"]
#[expect(dead_code, reason = "dense gradients are compared elsewhere")]
mod oracle;

use blocks::{BLOCKS, in_blocks};
use common::{Spec, for_random_networks};
use oracle::{LIMITS, PLAIN, Problem, for_random_problems, problem, session, widen};
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::optim::reference::{Adam, Sgd};
use rarefy_nn::params::Column;
use rarefy_nn::reference::Mode;

/// Largest batch of a session for the network's: none, one or many more than there are.
fn largest_batch(spec: &Spec) -> usize {
    let more = [0, 1, 2 * spec.batch, 64];
    spec.batch + more[(spec.classes + spec.stages.len()) % more.len()]
}

#[test]
fn training_losses_and_gradients_match_the_reference_on_every_instruction_set() {
    for_random_problems(500, Mode::Train, assert_training_matches);
}

#[test]
fn training_in_blocks_matches_the_reference_on_every_instruction_set() {
    for block in BLOCKS {
        let spec = in_blocks(block);
        let problem = problem(&spec, Mode::Train).expect("some draw is free of kinks");
        let whole = problem.case.store.patterns().iter().filter(|pattern| pattern.block() == block).count();
        assert!(whole > problem.case.store.patterns().len() / 2, "{block:?}");
        assert_training_matches(&spec, &problem);
    }
}

/// Loss, logits, gradients and running statistics of a training step, on every instruction set.
fn assert_training_matches(spec: &Spec, problem: &Problem) {
    let Problem { case, exact, rounded } = problem;
    for isa in Isa::available() {
        let mut session = session(case, largest_batch(spec), 1, isa, PLAIN);
        let outcome = session.train_step(&case.images, &case.labels, 0.0).expect("finite");
        assert_eq!(outcome.samples, spec.batch);
        let loss = outcome.loss_sum / spec.batch as f64;
        problem.assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
        let (logits, exactly) = (widen(&session.training_logits()), &exact.logits[..]);
        problem.assert_near("training logits", &logits, exactly, &widen(&rounded.logits));
        for (view, parameter) in case.graph.parameters().iter().enumerate() {
            let found = session.store().to_dense(view, Column::Gradient);
            let what = format!("gradient of {} ({})", parameter.name, isa.name());
            problem.assert_gradient_near(&what, &found, view);
        }
        for (layer, (name, range)) in session.store().norms().iter().enumerate() {
            let store = session.store();
            for (kind, found, exact, rounded) in [
                ("mean", store.running_mean(), &exact.network.running_mean, &rounded.network.running_mean),
                ("var", store.running_var(), &exact.network.running_var, &rounded.network.running_var),
            ] {
                let found = widen(&found[range.clone()]);
                problem.assert_near(
                    &format!("{name}.running_{kind}"),
                    &found,
                    &exact[layer],
                    &widen(&rounded[layer]),
                );
            }
        }
    }
}

#[test]
fn evaluation_matches_the_reference_at_any_batch_up_to_the_largest() {
    for_random_problems(500, Mode::Eval, |spec, problem| {
        let Problem { case, exact, rounded } = problem;
        for isa in Isa::available() {
            let mut session = session(case, largest_batch(spec), 1, isa, PLAIN);
            let outcome = session.evaluate(&case.images, &case.labels).expect("finite");
            let loss = outcome.loss_sum / spec.batch as f64;
            problem.assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
            for batch in [spec.batch, 1, spec.batch.div_ceil(2)] {
                let images = &case.images[..batch * spec.input.len()];
                let found = widen(&session.logits(images, batch).expect("fits"));
                let logits = ..batch * spec.classes;
                problem.assert_near("logits", &found, &exact.logits[logits], &widen(&rounded.logits[logits]));
                let outcome = session.evaluate(images, &case.labels[..batch]).expect("fits");
                assert_eq!(
                    (outcome.samples, outcome.correct),
                    (batch, hits(&found, &case.labels, spec.classes))
                );
            }
            assert_eq!(session.store(), &case.store, "evaluation changes nothing");
        }
    });
}

#[test]
fn image_gradients_match_the_reference_on_every_instruction_set() {
    for_random_problems(500, Mode::Eval, |spec, problem| {
        let case = &problem.case;
        for isa in Isa::available() {
            let mut session = session(case, largest_batch(spec), 1, isa, PLAIN);
            let (outcome, found) = session.image_gradient(&case.images, &case.labels).expect("finite");
            assert_eq!(outcome, session.evaluate(&case.images, &case.labels).expect("finite"));
            let what = format!("gradient of the images ({})", isa.name());
            problem.assert_gradient_near(&what, &found, case.graph.parameters().len());
        }
    });
}

/// Samples whose largest logit, the first of equals, is the label's.
fn hits(logits: &[f64], labels: &[u32], classes: usize) -> usize {
    let best =
        |row: &[f64]| (0..classes).fold(0, |best, class| if row[class] > row[best] { class } else { best });
    logits.chunks_exact(classes).zip(labels).filter(|(row, label)| best(row) == **label as usize).count()
}

#[test]
fn optimizer_steps_match_their_definitions() {
    let (momentum, weight_decay) = (0.9, 5e-4);
    let (beta1, beta2, eps) = (0.9, 0.99, 0.1);
    let optimizers = [
        Optimizer::Sgd { momentum: momentum as f32, nesterov: true, weight_decay: weight_decay as f32 },
        Optimizer::Sgd { momentum: momentum as f32, nesterov: false, weight_decay: 0.0 },
        Optimizer::Adam {
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            eps: eps as f32,
            weight_decay: weight_decay as f32,
        },
    ];
    for_random_networks(LIMITS, 12, |spec| {
        let case = spec.build(0);
        for optimizer in optimizers {
            let mut session = session(&case, spec.batch, 1, Isa::best(), optimizer);
            for step in 1..=3 {
                let before = session.store().clone();
                let lr = 0.05 / f64::from(step);
                session.train_step(&case.images, &case.labels, lr).expect("finite");
                // The definition, from the engine's own gradients and state before the step.
                let after = session.store();
                let start = |column: Column| widen(before.column(column));
                let (mut values, mut first, mut second) =
                    (start(Column::Value), start(Column::Momentum), start(Column::SecondMoment));
                let gradient = widen(after.column(Column::Gradient));
                match optimizer {
                    Optimizer::Sgd { nesterov, weight_decay: decay, .. } => {
                        let sgd = Sgd { momentum, nesterov, weight_decay: f64::from(decay) };
                        sgd.step(lr, &mut values, &gradient, &mut first);
                    }
                    Optimizer::Adam { .. } => {
                        let adam = Adam { beta1, beta2, eps, weight_decay };
                        adam.step(lr, step, &mut values, &gradient, &mut first, &mut second);
                    }
                }
                for (column, expected) in
                    [(Column::Value, values), (Column::Momentum, first), (Column::SecondMoment, second)]
                {
                    let found = widen(after.column(column));
                    // Gradient and momentum may cancel.
                    let terms = gradient.iter().zip(before.column(Column::Momentum));
                    let near = |((a, b), (g, m)): ((&f64, &f64), (&f64, &f32))| {
                        (a - b).abs() <= 1e-6 * (b.abs() + g.abs() + f64::from(m.abs())) + 1e-7
                    };
                    assert!(
                        found.iter().zip(&expected).zip(terms).all(near),
                        "{column:?} after step {step} of {optimizer:?}\nfound {found:?}\nexpected {expected:?}"
                    );
                }
            }
            assert_eq!(session.steps(), 3);
        }
    });
}
