//! Passes that are given up leave a session as it was.

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph};
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::{Column, ParamStore, initialize};
use rarefy_nn::{Interrupt, Session, SessionError, SessionOptions, models};

const BATCH: usize = 40;
const LR: f64 = 0.1;

fn graph() -> Graph {
    models::build("cifar_resnet_8_4", Extent { channels: 3, height: 8, width: 8 }, 10).unwrap()
}

/// A session of a half-dense network, in groups of at most `most` samples.
fn session(threads: usize, most: usize) -> Session {
    let graph = graph();
    let mut random = Stream::new(3, Purpose::Synthetic, 0);
    let weights = graph.prunable().filter_map(|parameter| graph.node(parameter.node).op.weight());
    let patterns = weights.map(|shape| {
        let chosen = random.choose(shape.len() as u32, shape.len() as u32 / 4);
        Pattern::from_positions(shape, Block::UNSTRUCTURED, &chosen).unwrap()
    });
    let patterns = patterns.collect();
    let mut store = ParamStore::new(&graph, patterns).unwrap();
    initialize(&mut store, 1);
    let optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
    let options = SessionOptions { max_batch: BATCH, threads, optimizer };
    Session::in_groups(graph, store, options, most).unwrap()
}

fn batch() -> (Vec<f32>, Vec<u32>) {
    let mut random = Stream::new(4, Purpose::Synthetic, 0);
    let images = (0..BATCH * graph().input().len()).map(|_| random.normal() as f32).collect();
    (images, (0..BATCH as u32).map(|sample| sample % 10).collect())
}

/// Everything that steps change, but for the gradient, which nothing reads across steps.
fn state(session: &Session) -> (Vec<f32>, u64) {
    let store = session.store();
    let columns = [Column::Value, Column::Momentum, Column::SecondMoment].map(|column| store.column(column));
    let all = columns.into_iter().chain([store.running_mean(), store.running_var()]);
    (all.flatten().copied().collect(), session.steps())
}

#[test]
fn a_pass_is_not_begun_once_it_is_to_stop() {
    let (images, labels) = batch();
    for threads in [1, 2] {
        let mut session = session(threads, BATCH);
        session.train_step(&images, &labels, LR).unwrap();
        let before = state(&session);
        let interrupt = Interrupt::new();
        session.heed(interrupt.clone());
        interrupt.set();
        let stopped = Err(SessionError::Interrupted);
        assert_eq!(session.train_step(&images, &labels, LR), stopped);
        assert_eq!(session.evaluate(&images, &labels), stopped);
        assert_eq!(session.logits(&images, BATCH).unwrap_err(), SessionError::Interrupted);
        assert_eq!(session.image_gradient(&images, &labels).unwrap_err(), SessionError::Interrupted);
        assert!(state(&session) == before, "{threads} threads");
    }
}

#[test]
fn a_pass_that_is_given_up_within_changes_nothing_and_is_done_again_to_the_same_bits() {
    let (images, labels) = batch();
    for (threads, most) in [(1, BATCH), (2, BATCH), (2, 15)] {
        let mut whole = session(threads, most);
        let mut stopped = session(threads, most);
        for session in [&mut whole, &mut stopped] {
            session.train_step(&images, &labels, LR).unwrap();
        }
        let before = state(&stopped);
        let layers = stopped.store().patterns().len();
        // From the last layer to the first: within every part of the backward pass.
        for stop in 0..layers {
            let interrupt = Interrupt::new();
            stopped.heed(interrupt.clone());
            let mut seen = 0;
            let outcome = stopped.train_step_dense(&images, &labels, LR, &mut |_, _, _| {
                if seen == stop {
                    interrupt.set();
                }
                seen += 1;
            });
            if stop + 1 < layers {
                assert_eq!(outcome, Err(SessionError::Interrupted));
                assert_eq!(seen, stop + 1, "no layer is visited after that");
            }
            assert!(state(&stopped) == before, "stopped at layer {stop} of {layers}");
        }
        stopped.heed(Interrupt::new());
        let outcomes = [&mut whole, &mut stopped].map(|session| session.train_step(&images, &labels, LR));
        assert_eq!(outcomes[0], outcomes[1]);
        assert!(state(&whole) == state(&stopped), "{threads} threads, groups of {most}");
    }
}

#[test]
fn a_pass_whose_visits_count_is_finished_once_it_visits() {
    let (images, labels) = batch();
    for most in [BATCH, 15] {
        let (mut whole, mut stopped) = (session(2, most), session(2, most));
        let interrupt = Interrupt::new();
        stopped.heed(interrupt.clone());
        stopped.finish_visited(true);
        let mut seen = 0;
        let outcome = stopped.train_step_dense(&images, &labels, LR, &mut |_, _, _| {
            interrupt.set();
            seen += 1;
        });
        assert_eq!(seen, stopped.store().patterns().len());
        assert_eq!(outcome, whole.train_step_dense(&images, &labels, LR, &mut |_, _, _| {}));
        assert!(state(&whole) == state(&stopped));
        let next =
            stopped.train_step_dense(&images, &labels, LR, &mut |_, _, _| panic!("nothing is visited"));
        assert_eq!(next, Err(SessionError::Interrupted));
    }
}
