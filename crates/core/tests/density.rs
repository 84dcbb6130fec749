//! What counts as a density, and the exact budget it buys.

mod common;

use proptest::prelude::*;
use rarefy_core::{Density, DensityError};

#[test]
fn numbers_outside_zero_exclusive_to_one_inclusive_are_refused() {
    for found in [0.0, -0.0, -1.0, 1.5, 1.0 + f64::EPSILON, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Density::new(found), Err(DensityError { found }));
    }
    assert!(Density::new(f64::NAN).unwrap_err().found.is_nan());
    for value in [f64::MIN_POSITIVE, 0.05, 1.0] {
        assert_eq!(Density::new(value).unwrap().get(), value);
    }
}

#[test]
fn a_refusal_says_what_was_found_and_what_to_give() {
    let text = Density::new(95.0).unwrap_err().to_string();
    assert!(text.contains("above 0 and at most 1") && text.contains("95") && text.contains("0.05"), "{text}");
    assert!("NaN".parse::<Density>().unwrap_err().contains("NaN"));
    assert!("sparse".parse::<Density>().unwrap_err().contains("`sparse`"));
}

#[test]
fn text_and_json_are_checked_like_numbers() {
    assert_eq!(" 0.05 ".parse(), Density::new(0.05).map_err(|error| error.to_string()));
    for text in ["0", "-1", "1.5", "nan", "inf", "", "5%"] {
        assert!(text.parse::<Density>().is_err(), "{text} was accepted");
    }
    assert_eq!(serde_json::from_str::<Density>("0.05").unwrap(), Density::new(0.05).unwrap());
    assert_eq!(serde_json::to_string(&Density::new(0.05).unwrap()).unwrap(), "0.05");
    for text in ["0.0", "-1", "1.5", "null"] {
        assert!(serde_json::from_str::<Density>(text).is_err(), "{text} was accepted");
    }
}

#[test]
fn the_budget_rounds_halves_up() {
    let half = Density::new(0.5).unwrap();
    assert_eq!([0, 1, 2, 3, 4, 5].map(|weights| half.budget(weights)), [0, 1, 1, 2, 2, 3]);
    assert_eq!(Density::new(0.05).unwrap().budget(270_896), 13_545);
    assert_eq!(Density::DENSE.budget(68_814_016), 68_814_016);
}

#[test]
fn only_one_is_dense() {
    assert!(Density::DENSE.is_dense());
    assert!(!Density::new(1.0 - f64::EPSILON).unwrap().is_dense());
}

proptest! {
    #![proptest_config(common::config(256))]

    #[test]
    fn the_budget_is_within_half_a_weight_and_never_above_all(value in 1e-9..=1.0f64, weights in 0..1u64 << 40) {
        let budget = Density::new(value).unwrap().budget(weights);
        prop_assert!(budget <= weights);
        prop_assert!((budget as f64 - value * weights as f64).abs() <= 0.5);
    }

    #[test]
    fn display_and_parse_return_the_same_bits(value in 1e-9..=1.0f64) {
        let density = Density::new(value).unwrap();
        prop_assert_eq!(density.to_string().parse::<Density>().unwrap().get().to_bits(), value.to_bits());
    }
}
