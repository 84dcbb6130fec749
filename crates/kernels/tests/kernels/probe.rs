//! The yardstick does the work it is said to do.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{CHAINS, multiply_adds, naive};

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn every_number_of_the_yardstick_goes_through_all_rounds(rounds in 0..40u64, seed: u64) {
        let start = Numbers::new(seed).next();
        for isa in isas() {
            let numbers = CHAINS * isa.lanes();
            let twin = naive::multiply_adds(rounds, f64::from(start));
            // Two roundings a round at numbers of up to 2, halved in each later round; then the sum of all.
            let tolerance = (gamma(4) + gamma(numbers)) * 2.0 * numbers as f64;
            near(multiply_adds(isa, rounds, start), twin * numbers as f64, tolerance, (isa.name(), rounds));
        }
    }
}
