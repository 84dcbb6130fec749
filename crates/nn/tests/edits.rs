//! Patterns that change while a network trains: the session against one compiled anew and against the reference executor.

mod common;
#[path = "common/kinks.rs"]
mod kinks;
#[path = "common/oracle.rs"]
#[expect(dead_code, reason = "networks here are drawn once and trained")]
mod oracle;
#[path = "common/random_edit.rs"]
mod random_edit;

use common::{Case, Limits, for_random_networks};
use oracle::Problem;
use random_edit::random_edit;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Pattern, PatternEdit};
use rarefy_kernels::Isa;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::optim::reference::Sgd;
use rarefy_nn::params::{Column, LayerEdit, ParamStore};
use rarefy_nn::reference::{Mode, mask};
use rarefy_nn::{Session, SessionError};
use std::cell::Cell;

const LIMITS: Limits = Limits { side: 9, channels: 12, batch: 8, stages: 3 };
const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
const LR: f64 = 0.01;

/// Edits some layers of the session at random; returns patterns of what survived.
fn edit(session: &mut Session, random: &mut Stream) -> Vec<Pattern> {
    let mut survivors = session.store().patterns().to_vec();
    let mut lists = Vec::new();
    for (layer, survivors) in survivors.iter_mut().enumerate() {
        if random.below(4) > 0 {
            let (drop, grow) = random_edit(session.store(), layer, random);
            survivors.edit(&drop, &[], &mut PatternEdit::default()).expect("they exist");
            lists.push((layer, drop, grow));
        }
    }
    let edits: Vec<LayerEdit<'_>> =
        lists.iter().map(|(layer, drop, grow)| LayerEdit { layer: *layer, drop, grow }).collect();
    session.edit(&edits).expect("edits that fit");
    survivors
}

fn bits(store: &ParamStore) -> Vec<u32> {
    let columns = Column::ALL.iter().flat_map(|&column| store.column(column));
    columns.chain(store.running_mean()).chain(store.running_var()).map(|value| value.to_bits()).collect()
}

fn open(case: &Case, threads: usize) -> Session {
    oracle::session(case, case.labels.len(), threads, Isa::best(), SGD)
}

/// Values and momentum of every weight, existing or not, moved by the naive optimizer with the session's own gradients.
struct Shadow {
    tensors: Vec<[Vec<f32>; 2]>,
}

impl Shadow {
    fn of(store: &ParamStore) -> Self {
        let dense = |view| [Column::Value, Column::Momentum].map(|column| store.to_dense(view, column));
        Self { tensors: (0..store.views().len()).map(dense).collect() }
    }

    fn step(&mut self, store: &ParamStore) {
        let sgd = Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
        for (view, [values, momentum]) in self.tensors.iter_mut().enumerate() {
            sgd.step(LR, values, &store.to_dense(view, Column::Gradient), momentum);
        }
    }

    /// What was dropped is zero in every column, and so is what was grown.
    fn keep(&mut self, case: &Case, survivors: &[Pattern]) {
        for at in 0..2 {
            let mut tensors: Vec<Vec<f32>> =
                self.tensors.iter_mut().map(|pair| std::mem::take(&mut pair[at])).collect();
            mask(&case.graph, survivors, &mut tensors);
            self.tensors.iter_mut().zip(tensors).for_each(|(pair, tensor)| pair[at] = tensor);
        }
    }

    /// The fused optimizer rounds once where the naive one rounds twice.
    fn assert_is(&self, store: &ParamStore) {
        for (view, pair) in self.tensors.iter().enumerate() {
            for (values, column) in pair.iter().zip([Column::Value, Column::Momentum]) {
                for (shadow, found) in values.iter().zip(store.to_dense(view, column)) {
                    let name = &store.views()[view].parameter.name;
                    assert!((shadow - found).abs() <= 1e-5 * (1.0 + shadow.abs()), "{column:?} of {name}");
                }
            }
        }
    }
}

/// Trains `case` with an edit every ten steps and calls `after` with the session after each.
fn train(case: &Case, threads: usize, mut after: impl FnMut(&mut Session)) {
    let mut session = open(case, threads);
    let mut random = Stream::new(5, Purpose::Synthetic, 1);
    let mut shadow = Shadow::of(session.store());
    for _ in 0..3 {
        for _ in 0..10 {
            session.train_step(&case.images, &case.labels, LR).expect("finite");
            shadow.step(session.store());
        }
        let survivors = edit(&mut session, &mut random);
        shadow.keep(case, &survivors);
        shadow.assert_is(session.store());
        // The naive optimizer starts every ten steps from the session's own numbers.
        shadow = Shadow::of(session.store());
        after(&mut session);
    }
}

#[test]
fn random_edits_every_ten_steps_match_the_reference_executor_and_a_session_compiled_anew() {
    let (compared, all) = (Cell::new(0), Cell::new(0));
    for_random_networks(LIMITS, 60, |spec| {
        let case = spec.build(0);
        train(&case, 1, |session| {
            let mut fresh = open(&case, 1);
            fresh.restore(session.store().clone(), session.steps()).expect("the same parameters");
            let edited = Case {
                graph: case.graph.clone(),
                store: session.store().clone(),
                images: case.images.clone(),
                labels: case.labels.clone(),
            };
            let losses = [&mut *session, &mut fresh]
                .map(|session| session.gradients(&case.images, &case.labels).expect("finite"));
            assert_eq!(losses[0], losses[1]);
            assert!(bits(session.store()) == bits(fresh.store()), "gradients");
            all.set(all.get() + 1);
            let Some(problem) = oracle::clear(edited, Mode::Train) else { return };
            compared.set(compared.get() + 1);
            let Problem { case, exact, rounded } = &problem;
            let loss = losses[0].loss_sum / spec.batch as f64;
            problem.assert_near("loss", &[loss], &[exact.loss], &[f64::from(rounded.loss)]);
            for (view, parameter) in case.graph.parameters().iter().enumerate() {
                let found = session.store().to_dense(view, Column::Gradient);
                problem.assert_gradient_near(&format!("gradient of {}", parameter.name), &found, view);
            }
        });
    });
    assert!(compared.get() * 3 > all.get(), "only {} of {} had no kink", compared.get(), all.get());
}

#[test]
fn edits_give_the_same_bits_on_any_number_of_threads() {
    for_random_networks(LIMITS, 12, |spec| {
        let case = spec.build(0);
        let run = |threads| {
            let mut all = Vec::new();
            train(&case, threads, |session| all.extend(bits(session.store())));
            all
        };
        assert!(run(1) == run(2));
    });
}

#[test]
fn refused_edits_name_the_layer_and_change_nothing() {
    let case = one_network();
    let mut session = open(&case, 1);
    session.train_step(&case.images, &case.labels, LR).expect("finite");
    let before = session.store().clone();
    let absent: Vec<u32> = (0..before.patterns()[1].positions() as u32)
        .filter(|at| before.patterns()[1].iter_positions().all(|position| position != *at))
        .collect();
    let first = before.patterns()[0].iter_positions().next().expect("not empty");
    let fits = LayerEdit { layer: 0, drop: &[first], grow: &[] };
    for (edits, expected) in [
        (vec![fits, LayerEdit { layer: 1, drop: &absent[..1], grow: &[] }], "does not exist"),
        (
            vec![fits, LayerEdit { layer: 1, drop: &[], grow: &[u32::MAX] }],
            "strictly ascending block positions",
        ),
        (vec![fits, fits], "strictly ascending and below"),
        (vec![LayerEdit { layer: 99, ..fits }], "found 99"),
    ] {
        let error = session.edit(&edits).expect_err("does not fit");
        assert!(matches!(error, SessionError::Edit(_)) && error.to_string().contains(expected), "{error}");
        assert_eq!(session.store(), &before);
    }
    let name = &case.graph.prunable().nth(1).expect("two layers").name;
    let error = session.edit(&[LayerEdit { layer: 1, drop: &absent[..1], grow: &[] }]).expect_err("absent");
    assert!(error.to_string().contains(name.as_str()), "{error}");
}

/// A small network of several sparse layers.
fn one_network() -> Case {
    let graph = rarefy_nn::models::build(
        "cifar_resnet_8_2",
        rarefy_nn::graph::Extent { channels: 1, height: 8, width: 8 },
        4,
    )
    .expect("a model");
    Case::draw(graph, &[0.5, 0.3], rarefy_core::Block::UNSTRUCTURED, 4, 0)
}
