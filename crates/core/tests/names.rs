//! Suggestions for names that are wrong.

use rarefy_core::{same_name, suggest};

const NAMES: [&str; 5] = ["uniform", "er", "erk", "cifar_resnet_20", "fashion-mnist"];

#[test]
fn case_and_hyphens_do_not_matter() {
    assert!(same_name("ERK_plus", "erk-plus") && same_name(" Uniform ", "uniform"));
    assert!(!same_name("erk", "er") && !same_name("erkplus", "erk_plus"));
}

#[test]
fn typos_lead_to_the_nearest_name() {
    for (typed, meant) in [
        ("unifrom", "uniform"),
        ("ERKK", "erk"),
        ("rek", "erk"),
        ("ekr", "erk"),
        ("re", "er"),
        ("cifar-resnet20", "cifar_resnet_20"),
        ("resnet_20", "cifar_resnet_20"),
        ("cifar", "cifar_resnet_20"),
        ("fashion_mnits", "fashion-mnist"),
    ] {
        assert_eq!(suggest(typed, NAMES), Some(meant), "{typed}");
    }
}

#[test]
fn nothing_is_suggested_when_nothing_is_alike() {
    for typed in ["snip", "grasp", "", "  ", "x", "12345678", "日本語"] {
        assert_eq!(suggest(typed, NAMES), None, "{typed}");
    }
    assert_eq!(suggest("erk", []), None);
}

#[test]
fn ties_go_to_the_first_candidate() {
    assert_eq!(suggest("erx", ["erk", "era"]), Some("erk"));
    assert_eq!(suggest("erx", ["era", "erk"]), Some("era"));
}
