//! The fast engine (f32) against the reference executor (f64) on random small networks.
//!
//! Two right answers in f32 may differ where the problem magnifies rounding, so the reference executor runs in f32 too and
//! its distance from f64 is the yardstick. A ReLU input within rounding of 0 may take the other branch, which moves
//! gradients by far more than rounding: values are drawn anew until no ReLU input is near 0.

mod common;
#[path = "common/kinks.rs"]
mod kinks;

use common::{Case, Limits, Spec, for_random_networks};
use kinks::relu_inputs;
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::optim::reference::{Adam, Sgd};
use rarefy_nn::params::{Column, ParamStore};
use rarefy_nn::reference::{Mode, Network, Scalar, Trace, backward, cross_entropy, forward, mask};
use rarefy_nn::{Session, SessionOptions};

const LIMITS: Limits = Limits { side: 11, channels: 18, batch: 11, stages: 3 };
const DRAWS: u64 = 60;
/// Relative, of a well-conditioned tensor.
const TOLERANCE: f64 = 1e-5;
/// Distances of f32 from f64 that the engine may be off: its sums have another order.
const YARDSTICKS: f64 = 30.0;
/// The same for how near 0 a ReLU input may be, by the worst of its channel.
const MARGIN: f64 = 8.0;
const PLAIN: Optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };

/// A pass of the reference executor.
struct Pass<T> {
    network: Network<T>,
    trace: Trace<T>,
    loss: T,
    gradients: Vec<Vec<T>>,
}

fn pass<T: Scalar>(case: &Case, mode: Mode) -> Pass<T> {
    let images: Vec<T> = case.images.iter().map(|&x| T::from_f64(f64::from(x))).collect();
    let mut network = Network::from_store(&case.store);
    let trace = forward(&case.graph, &network, &images, case.labels.len(), mode).expect("fits");
    let loss = cross_entropy(trace.logits(), &case.labels, case.graph.classes()).expect("labels fit");
    let mut gradients = backward(&case.graph, &network, &trace, &loss.gradient).expect("same graph").params;
    mask(&case.graph, case.store.patterns(), &mut gradients);
    network.update_running(&trace);
    Pass { network, trace, loss: loss.mean, gradients }
}

/// A network and what the reference executor makes of it, in both precisions.
struct Problem {
    case: Case,
    exact: Pass<f64>,
    rounded: Pass<f32>,
}

/// The first draw in which no ReLU input is near 0, compared with the error of f32 there.
fn problem(spec: &Spec, mode: Mode) -> Problem {
    let drawn = (0..DRAWS).map(|draw| {
        let case = spec.build(draw);
        let (exact, rounded) = (pass(&case, mode), pass(&case, mode));
        Problem { case, exact, rounded }
    });
    let clear = |problem: &Problem| {
        let Problem { case, exact, rounded } = problem;
        let mut channels =
            relu_inputs(&case.graph, &exact.trace).into_iter().zip(relu_inputs(&case.graph, &rounded.trace));
        channels.all(|(exact, rounded)| {
            let pairs = || exact.iter().copied().zip(rounded.iter().map(|&y| f64::from(y)));
            let margin = MARGIN * pairs().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            // Zero in both is the output of a row without weights: exact in every order of summation.
            pairs().all(|(x, y)| x.abs() > margin || (x == 0.0 && y == 0.0))
        })
    };
    drawn.into_iter().find(clear).unwrap_or_else(|| panic!("each of {DRAWS} draws had a kink"))
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum::<f64>().sqrt()
}

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

#[track_caller]
fn assert_near(what: &str, found: &[f64], exact: &[f64], rounded: &[f64]) {
    let distance = |values: &[f64]| norm(values.iter().zip(exact).map(|(a, b)| a - b));
    let allowed = TOLERANCE * norm(exact.iter().copied()) + YARDSTICKS * distance(rounded) + 1e-6;
    assert_eq!(found.len(), exact.len(), "{what}");
    let off = distance(found);
    assert!(off <= allowed, "{what}: off by {off}, allowed {allowed}\nfound {found:?}\nexact {exact:?}");
}

fn session(case: &Case, max_batch: usize, threads: usize, isa: Isa, optimizer: Optimizer) -> Session {
    let options = SessionOptions { max_batch, threads, optimizer };
    Session::with_isa(case.graph.clone(), case.store.clone(), options, isa).expect("a session")
}

#[test]
fn training_losses_and_gradients_match_the_reference_on_every_instruction_set() {
    for_random_networks(LIMITS, 200, |spec| {
        let Problem { case, exact, rounded } = problem(spec, Mode::Train);
        for isa in Isa::available() {
            // Room for more samples than there are.
            let mut session = session(&case, spec.batch + spec.classes % 3, 1, isa, PLAIN);
            let outcome = session.train_step(&case.images, &case.labels, 0.0).expect("finite");
            assert_eq!(outcome.samples, spec.batch);
            let loss = outcome.loss_sum / spec.batch as f64;
            assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
            for (view, parameter) in case.graph.parameters().iter().enumerate() {
                let found = widen(&session.store().to_dense(view, Column::Gradient));
                let what = format!("gradient of {} ({})", parameter.name, isa.name());
                assert_near(&what, &found, &exact.gradients[view], &widen(&rounded.gradients[view]));
            }
            for (layer, (name, range)) in session.store().norms().iter().enumerate() {
                let store = session.store();
                for (kind, found, exact, rounded) in [
                    (
                        "mean",
                        store.running_mean(),
                        &exact.network.running_mean,
                        &rounded.network.running_mean,
                    ),
                    ("var", store.running_var(), &exact.network.running_var, &rounded.network.running_var),
                ] {
                    let found = widen(&found[range.clone()]);
                    assert_near(
                        &format!("{name}.running_{kind}"),
                        &found,
                        &exact[layer],
                        &widen(&rounded[layer]),
                    );
                }
            }
        }
    });
}

#[test]
fn evaluation_matches_the_reference_at_any_batch_up_to_the_largest() {
    for_random_networks(LIMITS, 200, |spec| {
        let Problem { case, exact, rounded } = problem(spec, Mode::Eval);
        for isa in Isa::available() {
            let mut session = session(&case, spec.batch, 1, isa, PLAIN);
            let outcome = session.evaluate(&case.images, &case.labels).expect("finite");
            let loss = outcome.loss_sum / spec.batch as f64;
            assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
            for batch in [spec.batch, 1, spec.batch.div_ceil(2)] {
                let images = &case.images[..batch * spec.input.len()];
                let found = widen(&session.logits(images, batch).expect("fits"));
                let logits = ..batch * spec.classes;
                assert_near(
                    "logits",
                    &found,
                    &exact.trace.logits()[logits],
                    &widen(&rounded.trace.logits()[logits]),
                );
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
                    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * b.abs() + 1e-7;
                    assert!(
                        found.iter().zip(&expected).all(near),
                        "{column:?} after step {step} of {optimizer:?}\nfound {found:?}\nexpected {expected:?}"
                    );
                }
            }
            assert_eq!(session.steps(), 3);
        }
    });
}

/// Everything a session's training changes, as bits.
fn bits(store: &ParamStore) -> Vec<u32> {
    let columns = Column::ALL.iter().flat_map(|&column| store.column(column));
    columns.chain(store.running_mean()).chain(store.running_var()).map(|value| value.to_bits()).collect()
}

#[test]
fn threads_do_not_change_a_bit() {
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
    for_random_networks(Limits { batch: 40, ..LIMITS }, 16, |spec| {
        let case = spec.build(0);
        let run = |threads: usize| {
            let mut session = session(&case, spec.batch, threads, Isa::best(), optimizer);
            let losses =
                [0.1, 0.01].map(|lr| session.train_step(&case.images, &case.labels, lr).expect("finite"));
            (losses, session.evaluate(&case.images, &case.labels).expect("finite"), bits(session.store()))
        };
        let one = run(1);
        assert!(one == run(2) && one == run(3));
    });
}

#[test]
fn a_smaller_batch_sees_nothing_of_a_larger_one_before_it() {
    for_random_networks(LIMITS, 24, |spec| {
        let case = spec.build(0);
        let part = spec.batch.div_ceil(2);
        // A channel of one number has no statistics to train with.
        if part * case.graph.batch_norms().map(|(_, node)| node.extent.area()).min().unwrap_or(2) < 2 {
            return;
        }
        let (images, labels) = (&case.images[..part * spec.input.len()], &case.labels[..part]);
        let fresh = |first: bool| {
            let mut session = session(&case, spec.batch, 1, Isa::best(), PLAIN);
            if first {
                session.gradients(&case.images, &case.labels).expect("finite");
            }
            (session.train_step(images, labels, 0.1).expect("finite"), bits(session.store()))
        };
        assert!(fresh(true) == fresh(false));
    });
}
