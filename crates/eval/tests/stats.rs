//! Comparisons of runs against values computed by hand and by SciPy, and what cannot be compared.

use rarefy_eval::stats::{Comparison, Grouping, GroupingError, Pair, Run, Seeds, Summary};
use std::collections::BTreeMap;

/// A run of a setting that is told from others by its density.
fn run(density: &str, seed: u64) -> Run {
    let settings = [("model", "cifar_resnet_8"), ("density", density)];
    Run {
        name: format!("{density}-s{seed}"),
        settings: settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        sources: BTreeMap::new(),
        seeds: Seeds { mask: seed, init: seed, data: seed },
        fingerprint: (density.to_owned() + "/").bytes().fold(seed, |hash, byte| 31 * hash + u64::from(byte)),
    }
}

/// Accuracy by setting and seed. The runs of a setting are given in another order than those of the next: pairs are made by
/// seed, not by place.
const ACCURACY: [(&str, &[(u64, f64)]); 3] = [
    ("a", &[(5, 0.94), (3, 0.92), (1, 0.90), (4, 0.93), (2, 0.91), (9, 0.88)]),
    ("b", &[(2, 0.88), (1, 0.89), (4, 0.90), (5, 0.92), (3, 0.91)]),
    ("c", &[(7, 0.5), (1, 0.91), (2, 0.90), (3, 0.93), (4, 0.92), (5, 0.95)]),
];

fn compared() -> Comparison {
    let rows = || ACCURACY.iter().flat_map(|(density, rows)| rows.iter().map(move |row| (density, row)));
    let runs: Vec<Run> = rows().map(|(density, &(seed, _))| run(density, seed)).collect();
    let values: Vec<Vec<(String, f64)>> =
        rows().map(|(_, &(_, value))| vec![("accuracy".to_owned(), value)]).collect();
    Grouping::of(&runs).unwrap().compare(&values)
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < 1e-10 * expected.abs(), "{found} is not {expected}");
}

/// Differences by hand: a - b = 0.01, 0.03, 0.01, 0.03, 0.02 for seeds 1 to 5, a - c = -0.01, 0.01, -0.01, 0.01, -0.01,
/// b - c = -0.02, -0.02, -0.02, -0.02, -0.03. Errors and p by SciPy 1.17: `scipy.stats.sem(x - y)` and
/// `scipy.stats.ttest_rel(x, y).pvalue`. Holm by hand: the smallest p times 3, the next one times 2, the largest times 1.
#[test]
fn runs_of_equal_seeds_are_paired_and_tested_as_scipy_does() {
    let comparison = compared();
    assert_eq!(comparison.settings, ["density=a", "density=b", "density=c"]);
    let pairs = &comparison.quantities[0].pairs;
    let expected = [
        ("a", "b", 0.02, 0.004_472_135_954_999_58, 0.011_056_493_393_450_1, 2.0, true),
        ("a", "c", -0.002, 0.004_898_979_485_566_36, 0.704, 1.0, false),
        ("b", "c", -0.022, 0.002, 0.000_388_171_338_493_999, 3.0, true),
    ];
    assert_eq!(pairs.len(), expected.len());
    for (Pair { a, b, paired, p_holm, ranked }, row) in pairs.iter().zip(expected) {
        assert_eq!(
            (a.as_str(), b.as_str()),
            (&*format!("density={}", row.0), &*format!("density={}", row.1))
        );
        assert_eq!((paired.n, *ranked), (5, row.6), "{a} {b}");
        close(Some(paired.difference), row.2);
        close(paired.standard_error, row.3);
        close(paired.p, row.4);
        close(*p_holm, row.4 * row.5);
    }
}

/// Mean and deviation by hand, the interval by SciPy 1.17: `scipy.stats.t.interval(0.95, 5, mean, sem)`.
#[test]
fn means_are_over_all_runs_of_a_setting() {
    let Summary { n, mean, std, interval } = compared().quantities[0].settings[0].clone().unwrap();
    assert_eq!(n, 6);
    close(Some(mean), 5.48 / 6.0);
    close(std, (0.002_333_333_333_333_333f64 / 5.0).sqrt());
    close(interval.map(|ends| ends[0]), 0.890_662_932_460_554_6);
    close(interval.map(|ends| ends[1]), 0.936_003_734_206_111_8);
}

#[test]
fn runs_without_a_partner_are_named() {
    let comparison = compared();
    let alone: Vec<&[String]> =
        comparison.pairings.iter().map(|pairing| &pairing.without_partner[..]).collect();
    assert_eq!(
        alone,
        [&["a-s9".to_owned()][..], &["a-s9".to_owned(), "c-s7".to_owned()], &["c-s7".to_owned()]]
    );
    let seeds: Vec<u64> = comparison.pairings[0].seeds.iter().map(|seeds| seeds.init).collect();
    assert_eq!(seeds, [5, 3, 1, 4, 2]);
}

#[test]
fn a_single_pair_has_a_difference_but_no_test() {
    let runs = [run("a", 1), run("a", 2), run("b", 1), run("b", 3)];
    let values = [0.5, 0.6, 0.4, 0.1].map(|value| vec![("accuracy".to_owned(), value)]);
    let comparison = Grouping::of(&runs).unwrap().compare(&values);
    let Pair { paired, p_holm, ranked, .. } = &comparison.quantities[0].pairs[0];
    assert_eq!((paired.n, paired.standard_error, paired.p, *p_holm, *ranked), (1, None, None, None, false));
    close(Some(paired.difference), 0.1);
}

#[test]
fn all_three_seeds_make_a_pair() {
    let with = |density, seeds: [u64; 3]| {
        let [mask, init, data] = seeds;
        let name = format!("{density}-{seeds:?}");
        Run { name, seeds: Seeds { mask, init, data }, ..run(density, 100 * mask + 10 * init + data) }
    };
    let runs = [
        with("a", [1, 1, 1]),
        with("a", [1, 1, 2]),
        with("a", [2, 1, 1]),
        with("b", [2, 1, 1]),
        with("b", [1, 2, 1]),
        with("b", [1, 1, 1]),
    ];
    let pairing = &Grouping::of(&runs).unwrap().pairings[0];
    assert_eq!(pairing.pairs, [(0, 5), (2, 3)]);
    assert_eq!(pairing.without_partner, ["a-[1, 1, 2]", "b-[1, 2, 1]"]);
}

fn refused(runs: &[Run], words: &[&str]) -> GroupingError {
    let error = Grouping::of(runs).unwrap_err();
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
    error
}

#[test]
fn runs_that_are_no_independent_measurements_are_refused_by_name() {
    let one = run("a", 1);
    let error = refused(&[one.clone(), run("a", 2), one.clone()], &["`a-s1` is named twice"]);
    assert!(matches!(error, GroupingError::NamedTwice { .. }));
    // Seeds that decide nothing, e.g. those of the mask of a dense network, make no other network.
    let copy = Run { name: "copy".to_owned(), fingerprint: one.fingerprint, ..run("a", 3) };
    let error = refused(&[run("a", 2), one.clone(), copy], &["`a-s1` and `copy` hold the same network"]);
    assert!(matches!(error, GroupingError::SameNetwork { .. }));
    let other = |name: &str| Run { name: name.to_owned(), fingerprint: name.len() as u64, ..one.clone() };
    let words = ["`a-s1`, `last` and `third` are of one setting", "(seed 1)"];
    let error = refused(&[one.clone(), other("last"), other("third")], &words);
    assert!(matches!(error, GroupingError::SameSeeds { .. }));
}

#[test]
fn settings_without_common_seeds_are_refused_by_name() {
    let runs = [run("a", 1), run("a", 2), run("b", 1), run("b", 3), run("c", 3), run("c", 4)];
    let words = ["`density=a` (a-s1: seed 1; a-s2: seed 2)", "`density=c` (c-s3: seed 3; c-s4: seed 4)"];
    let error = refused(&runs, &words);
    assert!(matches!(error, GroupingError::NoSharedSeeds { .. }));
}

#[test]
fn one_network_in_two_settings_is_compared() {
    // Any sparse init draws the same dense network.
    let twin = |density| Run { fingerprint: 7, ..run(density, 1) };
    assert!(Grouping::of(&[twin("a"), twin("b")]).is_ok());
}

#[test]
fn files_that_runs_start_from_tell_settings_apart_where_seeds_do_not() {
    let from = |file: &str, density, seed| Run {
        name: format!("{file}-s{seed}"),
        sources: [("mask_from".to_owned(), file.to_owned())].into(),
        ..run(density, seed)
    };
    // Iterative magnitude pruning: each seed prunes its own network.
    let runs = [from("x1", "a", 1), from("x2", "a", 2), run("b", 1), run("b", 2)];
    let grouping = Grouping::of(&runs).unwrap();
    assert_eq!(grouping.settings.len(), 2);
    assert_eq!(grouping.pairings[0].pairs, [(0, 2), (1, 3)]);
    // Two masks, each trained with two seeds.
    let twin =
        |file: char, seed| Run { fingerprint: seed + 10 * file as u64, ..from(&file.to_string(), "a", seed) };
    let grouping = Grouping::of(&[twin('x', 1), twin('x', 2), twin('y', 1), twin('y', 2)]).unwrap();
    let labels: Vec<&str> = grouping.settings.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["mask_from=x", "mask_from=y"]);
    assert_eq!(grouping.pairings[0].pairs, [(0, 2), (1, 3)]);
}
