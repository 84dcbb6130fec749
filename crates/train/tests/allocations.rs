//! Steps that change the pattern allocate nothing, on any number of threads.
//!
//! A program without the test harness, whose own threads allocate: every allocation of the process counts.

use rarefy_core::Density;
use rarefy_core::random::{Purpose, Stream};
use rarefy_nn::graph::Extent;
use rarefy_nn::params::{ParamStore, initialize};
use rarefy_nn::{Session, SessionOptions};
use rarefy_train::{DynamicOptions, Method, Moving, Recipe, build_model, draw_patterns};

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

const BATCH: usize = 8;
const INPUT: Extent = Extent { channels: 3, height: 12, width: 12 };
/// Steps after which every list has had its largest size.
const WARM: u64 = 60;

/// Blocks that all threads allocate while `run` runs.
fn allocations(run: impl FnOnce()) -> u64 {
    let profiler = dhat::Profiler::builder().testing().build();
    run();
    let blocks = dhat::HeapStats::get().total_blocks;
    drop(profiler);
    blocks
}

fn session(recipe: &Recipe) -> Session {
    let graph = build_model(&recipe.model, INPUT, 10).expect("a known model");
    let patterns = draw_patterns(&graph, recipe).expect("feasible").patterns;
    let mut store = ParamStore::new(&graph, patterns).expect("patterns that fit");
    initialize(&mut store, 1);
    let options =
        SessionOptions { max_batch: BATCH, threads: recipe.threads(), optimizer: recipe.optimizer() };
    Session::new(graph, store, options).expect("a session")
}

fn updates_of_every_method_allocate_nothing_once_they_have_had_their_largest_size() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1, "they are counted");
    let mut random = Stream::new(1, Purpose::Synthetic, 0);
    let images: Vec<f32> = (0..BATCH * INPUT.len()).map(|_| random.normal() as f32).collect();
    let labels: Vec<u32> = (0..BATCH as u32).collect();
    // Threads allocate as they end, which they do not before the test does.
    let mut sessions = Vec::new();
    for method in Method::all().filter(|method| method.preset().dynamic) {
        for threads in [1, 2] {
            // An update after an update would drop what just grew, and grow it again.
            let every = DynamicOptions { update_every: Some(3), ..Default::default() };
            let recipe = Recipe {
                model: "cifar_resnet_8_4".into(),
                density: Density::new(0.2).expect("a density"),
                method,
                dynamic: every,
                epochs: 1,
                threads: Some(threads),
                ..Recipe::default()
            };
            let mut session = session(&recipe);
            let mut moving =
                Moving::new(&recipe, 4 * WARM, &mut session).expect("settings that fit").expect("it moves");
            let mut step = |session: &mut Session, at: u64| {
                moving.step(session, &images, &labels, 1e-2, at).expect("finite numbers");
            };
            (1..=WARM).for_each(|at| step(&mut session, at));
            let before = session.store().patterns().to_vec();
            let mut moved = false;
            let counted = allocations(|| {
                for at in WARM + 1..=2 * WARM {
                    step(&mut session, at);
                    moved |= session.store().patterns() != before;
                }
            });
            assert_eq!(counted, 0, "{method} on {threads} threads");
            assert!(moved, "{method} on {threads} threads");
            sessions.push((session, moving));
        }
    }
}

fn main() {
    updates_of_every_method_allocate_nothing_once_they_have_had_their_largest_size();
    println!("test updates_of_every_method_allocate_nothing_once_they_have_had_their_largest_size ... ok");
}
