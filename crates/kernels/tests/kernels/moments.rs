//! Mean and spread from shifted sums, and their union.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Grid, MAX_LANES, Moments, naive, row_moments};

proptest! {
    #![proptest_config(config(500))]

    /// Far from zero, where `E[x^2] - E[x]^2` in f32 would have no digit left.
    #[test]
    fn shifted_sums_give_mean_and_spread(vectors in 1..=40usize, mean in -4000i32..=4000, seed: u64) {
        for isa in isas() {
            let mut numbers = Numbers::new(seed);
            let n = vectors * isa.lanes();
            let x: Vec<f32> = numbers.list(n).iter().map(|x| x + mean as f32).collect();
            let mask = numbers.mask(isa.lanes());
            let pixels: Vec<f32> = x.iter().zip(mask.iter().cycle()).filter(|(_, mask)| **mask > 0.0).map(|(x, _)| *x).collect();
            let shift = mean as f32 + numbers.next();
            let mut sums = vec![0.0; 2 * MAX_LANES];
            let grid = Grid { plane: 0, row: isa.lanes() };
            row_moments(isa, &x, grid, vectors, isa.lanes(), &mask, &[shift], &mut sums);
            let count = pixels.len() as f64;
            let found = Moments::from_shifted(&sums, shift, count);
            let (mean, m2) = naive::moments(&pixels);
            let d = || pixels.iter().map(|x| (f64::from(*x) - f64::from(shift)).abs());
            let (size, squares) = (d().sum::<f64>(), d().map(|d| d * d).sum::<f64>());
            // The lanes' errors; in m2 = dd - d^2 / count an error of d counts twice, and d <= size.
            let rounding = gamma(vectors + 4);
            let slack = gamma64(n + 8);
            prop_assert_eq!(found.count, count);
            near(found.mean, mean, rounding * size / count + slack * mean.abs(), "mean");
            let tolerance = rounding * (squares + 2.0 * size * size / count) + slack * squares;
            near(found.m2, m2, tolerance, "m2");
        }
    }

    #[test]
    fn a_union_has_the_moments_of_all_numbers(cuts in proptest::collection::vec(0..=9usize, 0..=9), seed: u64) {
        let mut numbers = Numbers::new(seed);
        let parts: Vec<Vec<f32>> = cuts.iter().map(|&len| numbers.list(len)).collect();
        let merged = parts.iter().fold(Moments::default(), |all, part| {
            let (mean, m2) = naive::moments(part);
            all.merge(Moments { count: part.len() as f64, mean, m2 })
        });
        let all = parts.concat();
        let (mean, m2) = naive::moments(&all);
        // Numbers are at most 2, deviations at most 4; a merge rounds some ten times.
        let rounding = gamma64(all.len() + 10 * parts.len());
        prop_assert_eq!(merged.count, all.len() as f64);
        near(merged.mean, mean, rounding * 2.0, "mean");
        near(merged.m2, m2, rounding * 16.0 * all.len() as f64, "m2");
    }
}

#[test]
fn nothing_is_the_neutral_element_of_a_union() {
    let some = Moments { count: 3.0, mean: 1.25, m2: 0.1 };
    assert_eq!(some.merge(Moments::default()), some);
    assert_eq!(Moments::default().merge(some), some);
    assert_eq!(Moments::default().merge(Moments::default()), Moments::default());
}

#[test]
fn equal_numbers_have_no_spread_and_a_spread_is_never_negative() {
    // Rounded sums of 3 numbers 1/3 away from the shift: dd is a little less than d^2 / 3.
    let mut sums = [0.0; 2 * MAX_LANES];
    (sums[0], sums[MAX_LANES]) = (1.0, (1.0_f32 / 3.0).next_down());
    let found = Moments::from_shifted(&sums, 7.0, 3.0);
    assert_eq!((found.mean, found.m2), (7.0 + 1.0 / 3.0, 0.0));
}

#[test]
fn nan_and_infinity_are_not_taken_for_a_spread_of_zero() {
    for poison in POISONS {
        let mut sums = [0.0; 2 * MAX_LANES];
        (sums[3], sums[MAX_LANES + 3]) = (poison, poison * poison);
        let found = Moments::from_shifted(&sums, 1.0, 4.0);
        assert!(!found.mean.is_finite() && !found.m2.is_finite(), "{found:?}");
        assert!(!Moments { count: 2.0, mean: 0.0, m2: 1.0 }.merge(found).m2.is_finite());
    }
}
