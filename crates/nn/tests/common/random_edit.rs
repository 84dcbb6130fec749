//! Random edits of a layer's pattern.

use rarefy_core::random::Stream;
use rarefy_nn::params::ParamStore;

/// Random drops and grows of one layer: some of what exists, some of what does not, some of what was just dropped. Now and
/// then it empties the layer or fills it, so that it passes the density from which layers run as dense.
pub(crate) fn random_edit(store: &ParamStore, layer: usize, random: &mut Stream) -> (Vec<u32>, Vec<u32>) {
    let pattern = &store.patterns()[layer];
    let (all, active) = (pattern.positions() as u32, pattern.blocks() as u32);
    let some = |random: &mut Stream, count: u32| match random.below(5) {
        0 => 0,
        1 => count,
        _ => random.below(u64::from(count) + 1) as u32,
    };
    let dropped = some(random, active);
    let existing: Vec<u32> = pattern.iter_positions().collect();
    let drop: Vec<u32> = random.choose(active, dropped).into_iter().map(|at| existing[at as usize]).collect();
    let free: Vec<u32> =
        (0..all).filter(|at| existing.binary_search(at).is_err() || drop.binary_search(at).is_ok()).collect();
    let count = some(random, free.len() as u32);
    let grow = random.choose(free.len() as u32, count).into_iter().map(|at| free[at as usize]).collect();
    (drop, grow)
}
