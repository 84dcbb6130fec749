//! Whether the machine has the memory that a session would take.

use super::SessionError;
use crate::plan::{Footprint, Plan};
use rarefy_core::Pattern;
use rarefy_core::memory::free;

/// Refuses a session of the outline `plan` for batches of up to `samples` samples that would take more than is
/// free, and says what would fit.
pub(crate) fn check(
    plan: &Plan,
    patterns: &[Pattern],
    samples: usize,
    threads: usize,
) -> Result<(), SessionError> {
    match free() {
        Some(free) => check_against(plan, patterns, samples, threads, free),
        None => Ok(()),
    }
}

fn check_against(
    plan: &Plan,
    patterns: &[Pattern],
    samples: usize,
    threads: usize,
    free: u64,
) -> Result<(), SessionError> {
    let pass = plan.max_batch();
    let footprint = Footprint::new(plan, patterns, threads);
    let bytes = footprint.bytes(pass, samples);
    if bytes <= free {
        return Ok(());
    }
    let batch = footprint.most(samples, free, |footprint, batch| footprint.bytes(batch.min(pass), batch));
    let group = footprint.most(pass, free, |footprint, group| footprint.bytes(group, samples));
    Err(SessionError::TooLarge { samples, bytes, free, batch, group })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Extent, Graph};
    use crate::models;
    use rarefy_core::Block;
    use rarefy_kernels::Isa;

    fn network() -> (Graph, Vec<Pattern>) {
        let input = Extent { channels: 3, height: 16, width: 16 };
        let graph = models::build("cifar_resnet_8_4", input, 10).expect("a model");
        let weights = graph.prunable().filter_map(|parameter| graph.node(parameter.node).op.weight());
        let patterns = weights.map(|shape| Pattern::full(shape, Block::UNSTRUCTURED).expect("a shape"));
        let patterns = patterns.collect();
        (graph, patterns)
    }

    #[test]
    fn what_is_said_to_fit_fits_and_a_group_more_does_not() {
        let (graph, patterns) = network();
        for (batch, pass) in [(100_000, 100_000), (5_000, 5_000), (5_000, 700)] {
            let check = |batch: usize, pass: usize, free: u64| {
                let plan = Plan::outline(&graph, pass, Isa::best(), false).of_step(batch);
                check_against(&plan, &patterns, batch, 2, free)
            };
            let Err(SessionError::TooLarge { bytes, .. }) = check(batch, pass, 0) else {
                panic!("nothing is free");
            };
            assert_eq!(check(batch, pass, bytes), Ok(()));
            for free in [bytes / 3, bytes - 1] {
                let Err(SessionError::TooLarge { samples, batch: fits, group, .. }) =
                    check(batch, pass, free)
                else {
                    panic!("{free} of {bytes} bytes are free");
                };
                let lanes = Isa::best().lanes();
                assert_eq!(samples, batch);
                assert_eq!(check(fits, pass.min(fits), free), Ok(()));
                assert!(check((fits + lanes).min(batch), pass.min(fits + lanes), free).is_err());
                if group > 0 {
                    assert_eq!(check(batch, group, free), Ok(()));
                    assert!(check(batch, group + lanes, free).is_err());
                }
            }
            let none = check(batch, pass, 1000);
            assert!(matches!(none, Err(SessionError::TooLarge { batch: 0, group: 0, .. })), "{none:?}");
        }
    }

    #[test]
    fn sizes_beyond_all_numbers_are_too_large_and_nothing_overflows() {
        let (graph, patterns) = network();
        for batch in [1 << 40, usize::MAX / 16] {
            let plan = Plan::outline(&graph, batch, Isa::best(), false);
            let refused = check_against(&plan, &patterns, batch, 2, 1 << 40);
            assert!(matches!(refused, Err(SessionError::TooLarge { .. })), "{refused:?}");
        }
    }
}
