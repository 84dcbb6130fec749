//! A session's steps, and edits of its patterns, allocate nothing, on any number of threads.
//!
//! A program without the test harness, whose own threads allocate: every allocation of the process counts.

mod common;
#[path = "common/group_size.rs"]
mod group_size;
#[path = "common/random_edit.rs"]
mod random_edit;

use common::{Case, Limits, for_random_networks};
use group_size::group_size;
use random_edit::random_edit;
use rarefy_core::random::{Purpose, Stream};
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::LayerEdit;
use rarefy_nn::{Session, SessionOptions};
use std::cell::RefCell;

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

const SGD: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 5e-4 };
const ADAM: Optimizer = Optimizer::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };

/// Blocks that all threads allocate while `run` runs.
fn allocations(run: impl FnOnce()) -> u64 {
    let profiler = dhat::Profiler::builder().testing().build();
    run();
    let blocks = dhat::HeapStats::get().total_blocks;
    drop(profiler);
    blocks
}

/// Steps of training, and evaluations of the batch and of its first sample.
fn work(session: &mut Session, case: &Case, rounds: usize) {
    for _ in 0..rounds {
        session.train_step(&case.images, &case.labels, 1e-3).expect("finite");
        session.evaluate(&case.images, &case.labels).expect("finite");
        let pixels = case.graph.input().len();
        session.evaluate(&case.images[..pixels], &case.labels[..1]).expect("finite");
    }
}

fn main() {
    // First, while there are no threads of other sessions to end meanwhile.
    edits_within_the_reserved_room_allocate_nothing();
    println!("test edits_within_the_reserved_room_allocate_nothing ... ok");
    training_and_evaluation_allocate_nothing_after_the_first_step();
    println!("test training_and_evaluation_allocate_nothing_after_the_first_step ... ok");
}

fn edits_within_the_reserved_room_allocate_nothing() {
    let sessions = RefCell::new(Vec::new());
    for_random_networks(Limits { side: 9, channels: 12, batch: 8, stages: 3 }, 40, |spec| {
        let case = spec.build(0);
        let options = SessionOptions { max_batch: spec.batch, threads: 1, optimizer: SGD };
        let mut session = Session::new(case.graph.clone(), case.store.clone(), options).expect("a session");
        let full: Vec<usize> = case.store.patterns().iter().map(|pattern| pattern.shape().len()).collect();
        let total = full.iter().sum();
        session.reserve(full, total).expect("memory");
        let mut random = Stream::new(6, Purpose::Synthetic, 1);
        for _ in 0..4 {
            let lists: Vec<_> = (0..case.store.patterns().len())
                .map(|layer| random_edit(session.store(), layer, &mut random))
                .collect();
            let edits: Vec<LayerEdit<'_>> = lists
                .iter()
                .enumerate()
                .map(|(layer, (drop, grow))| LayerEdit { layer, drop, grow })
                .collect();
            assert_eq!(allocations(|| session.edit(&edits).expect("edits that fit")), 0);
            session.train_step(&case.images, &case.labels, 1e-2).expect("finite");
        }
        sessions.borrow_mut().push(session);
    });
}

fn training_and_evaluation_allocate_nothing_after_the_first_step() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1, "they are counted");
    // Threads allocate as they end, which they do not before the test does.
    let sessions = RefCell::new(Vec::new());
    for_random_networks(Limits { side: 9, channels: 12, batch: 24, stages: 3 }, 12, |spec| {
        let case = spec.build(0);
        let most = group_size(&case, 4);
        for (threads, optimizer, most) in [(1, SGD, 99), (2, SGD, most), (3, ADAM, 99)] {
            let options = SessionOptions { max_batch: spec.batch + 3, threads, optimizer };
            let mut session =
                Session::in_groups(case.graph.clone(), case.store.clone(), options, most).expect("a session");
            work(&mut session, &case, 1);
            // Queues between threads allocate every few dozen entries, if they do.
            assert_eq!(allocations(|| work(&mut session, &case, 40)), 0, "{threads} threads");
            sessions.borrow_mut().push(session);
        }
    });
}
