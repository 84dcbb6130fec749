//! Softmax cross-entropy.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::loss::softmax_cross_entropy;
use rarefy_kernels::naive;

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn loss_gradient_and_hit_agree_with_the_twin(
        classes in 1..=100usize, spread in 0.0..80.0f32, ties: bool, label in 0..100usize, scale in 0.001..1.0f64, seed: u64,
    ) {
        let mut logits: Vec<f32> = Numbers::new(seed).list(classes).iter().map(|x| x * spread).collect();
        if ties {
            logits.iter_mut().for_each(|x| *x = x.round());
        }
        let label = label % classes;
        let mut gradient = vec![f32::NAN; classes];
        let (loss, hit) = softmax_cross_entropy(&logits, label, scale, &mut gradient);
        let (expected, slope, own) = naive::softmax_cross_entropy(&logits, label, scale);
        // In f64: differences of logits are exact, exp and ln are off by at most two units, the rest is a sum of exps.
        let rounding = gamma64(2 * classes + 16);
        near(loss, expected, rounding * (1.0 + expected + 4.0 * f64::from(spread)), "loss");
        for (found, expected) in gradient.iter().zip(slope) {
            near(*found, expected, gamma(1) * expected.abs() + rounding * scale, "gradient");
        }
        prop_assert_eq!(hit, own);
        prop_assert!(gradient.iter().map(|&g| f64::from(g)).sum::<f64>().abs() <= gamma(classes) * 2.0 * scale);
    }
}

#[test]
fn equal_logits_cost_ln_of_the_classes_and_the_lowest_class_is_hit() {
    let mut gradient = [0.0; 4];
    let (loss, hit) = softmax_cross_entropy(&[3.0; 4], 1, 1.0, &mut gradient);
    assert!((loss - 4.0_f64.ln()).abs() < 1e-15 && !hit);
    assert_eq!(gradient, [0.25, -0.75, 0.25, 0.25]);
    assert!(softmax_cross_entropy(&[3.0; 4], 0, 1.0, &mut gradient).1);
}

#[test]
fn huge_logits_do_not_overflow() {
    let mut gradient = [0.0; 3];
    let (loss, hit) = softmax_cross_entropy(&[1e30, -1e30, f32::NEG_INFINITY], 0, 0.5, &mut gradient);
    assert_eq!((loss, hit, gradient), (0.0, true, [0.0; 3]));
    let (loss, hit) = softmax_cross_entropy(&[3e4, -3e4, 0.0], 1, 0.5, &mut gradient);
    assert_eq!((loss, hit, gradient), (6e4, false, [0.5, -0.5, 0.0]));
}

#[test]
fn what_is_not_a_number_is_neither_a_small_loss_nor_a_hit() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let cases = [
        ([nan, nan, nan], false),
        ([nan, 0.0, 1.0], false),
        ([1.0, nan, 0.0], true),
        ([inf, 0.0, 0.0], true),
        ([-inf, -inf, -inf], false),
    ];
    for (logits, largest) in cases {
        let mut gradient = [0.0; 3];
        let (loss, hit) = softmax_cross_entropy(&logits, 0, 1.0, &mut gradient);
        assert!(loss.is_nan() && gradient.iter().all(|g| g.is_nan()), "{logits:?}");
        assert_eq!(hit, largest, "{logits:?}");
    }
}

#[test]
fn a_label_beyond_the_logits_gives_a_loss_of_nan() {
    let (loss, hit) = softmax_cross_entropy(&[1.0, 2.0], 2, 1.0, &mut [0.0; 2]);
    assert!(loss.is_nan() && !hit);
    let (loss, hit) = softmax_cross_entropy(&[], 0, 1.0, &mut []);
    assert!(loss.is_nan() && !hit);
}
