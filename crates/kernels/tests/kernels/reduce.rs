//! Sums over chunks.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{naive, reduce_accumulators};

/// Stands for a position without a weight.
const NOWHERE: u32 = u32::MAX;

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn the_gradient_is_the_total_of_all_chunks_and_lanes(
        weights in 0..=20usize, chunks in 0..=17usize, spare in 0..=3usize,
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, lanes) = (Numbers::new(seed), isa.lanes());
            let mut accumulators = numbers.list(chunks * weights * lanes);
            if let Some(poison) = poison.filter(|_| !accumulators.is_empty()) {
                let at = numbers.below(accumulators.len());
                accumulators[at] = POISONS[poison];
            }
            // A permutation (weight by weight from the back) in which some weights are padding.
            let kept: Vec<bool> = (0..weights).map(|_| numbers.below(4) > 0).collect();
            let exist = kept.iter().filter(|&&kept| kept).count();
            let mut next = exist as u32;
            let order: Vec<u32> = kept.iter().map(|&kept| if kept { next -= 1; next } else { NOWHERE }).collect();
            let mut gradient = vec![f32::from_bits(CANARY); exist + spare];
            reduce_accumulators(isa, &accumulators, &order, &mut gradient);
            let twin = naive::reduce_accumulators(&accumulators, weights, lanes);
            let magnitude = naive::reduce_accumulators(&magnitudes(&accumulators), weights, lanes);
            for (i, &target) in order.iter().enumerate().filter(|(_, target)| **target != NOWHERE) {
                let tolerance = gamma(chunks + 4) * magnitude[i];
                near(gradient[target as usize], twin[i], tolerance, (isa.name(), i));
            }
            prop_assert!(gradient[exist..].iter().all(|x| x.to_bits() == CANARY), "wrote what no weight asks for");
        }
    }
}

#[test]
fn no_chunk_at_all_is_a_gradient_of_zero() {
    for isa in isas() {
        let mut gradient = [f32::from_bits(CANARY); 3];
        reduce_accumulators(isa, &[], &[2, 0, 1], &mut gradient);
        assert_eq!(gradient, [0.0; 3]);
    }
}
