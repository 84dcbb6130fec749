//! Sums over lanes.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{lane_sums, naive};

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn each_is_the_total_of_its_lanes(
        weights in 0..=20usize, spare in 0..=17usize, poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, lanes) = (Numbers::new(seed), isa.lanes());
            let mut accumulators = numbers.list(weights * lanes + spare);
            if let Some(poison) = poison.filter(|_| weights > 0) {
                let at = numbers.below(weights * lanes);
                accumulators[at] = POISONS[poison];
            }
            let mut sums = vec![f32::from_bits(CANARY); weights];
            lane_sums(isa, &accumulators, &mut sums);
            let used = &accumulators[..weights * lanes];
            let (twin, magnitude) = (naive::lane_sums(used, lanes), naive::lane_sums(&magnitudes(used), lanes));
            for (i, &sum) in sums.iter().enumerate() {
                near(sum, twin[i], gamma(4) * magnitude[i], (isa.name(), i));
            }
        }
    }
}
