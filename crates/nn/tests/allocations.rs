//! A session's steps allocate nothing, on any number of threads.
//!
//! A program without the test harness, whose own threads allocate: every allocation of the process counts.

mod common;
#[path = "common/group_size.rs"]
mod group_size;

use common::{Case, Limits, for_random_networks};
use group_size::group_size;
use rarefy_nn::optim::Optimizer;
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
    training_and_evaluation_allocate_nothing_after_the_first_step();
    println!("test training_and_evaluation_allocate_nothing_after_the_first_step ... ok");
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
