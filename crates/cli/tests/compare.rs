//! `rarefy eval --compare` and `--ensemble` on runs of digits.

mod common;

use common::{TINY, fails, folder, rarefy};
use rarefy::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

fn train(folder: &TempDir, out: &str, seed: u64, density: &str) {
    rarefy(folder)
        .args(["train", "--epochs", "1", "--quiet", "--out", out, "--density", density])
        .args(["--seed", &seed.to_string()])
        .args(TINY)
        .assert()
        .success();
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn runs_of_equal_seeds_are_paired_in_whatever_order_they_come() {
    let folder = folder();
    let runs = [
        ("a4", 4, "0.1"),
        ("a1", 1, "0.1"),
        ("b2", 2, "0.3"),
        ("a2", 2, "0.1"),
        ("b3", 3, "0.3"),
        ("a3", 3, "0.1"),
        ("b1", 1, "0.3"),
        ("b5", 5, "0.3"),
    ];
    for (out, seed, density) in runs {
        train(&folder, out, seed, density);
    }
    let names = runs.map(|(out, ..)| out);
    let evaluate = |more: &[&str]| {
        let output =
            rarefy(&folder).args(["eval", "--compare", "--ensemble"]).args(names).args(more).assert();
        output.success().get_output().stdout.clone()
    };
    let report: Value = serde_json::from_slice(&evaluate(&["--json"])).unwrap();
    let comparison = &report["comparison"];
    assert_eq!(comparison["settings"], serde_json::json!(["density=0.1", "density=0.3"]));
    let pairing = &comparison["pairings"][0];
    assert_eq!(pairing["without_partner"], serde_json::json!(["a4/best.ckpt", "b5/best.ckpt"]));
    assert_eq!(pairing["seeds"][1], serde_json::json!({ "mask": 2, "init": 2, "data": 2 }));
    assert_eq!(comparison["runs"][1][0]["name"], "b2/best.ckpt");
    // From the results alone: (a, b) of the seeds 1, 2 and 3.
    let pairs = [("a1", "b1"), ("a2", "b2"), ("a3", "b3")];
    let metric = |name: &str, run: &str| {
        let at = names.iter().position(|other| *other == run).unwrap();
        number(&report["results"][at]["metrics"][name])
    };
    for quantity in comparison["quantities"].as_array().unwrap() {
        let name = quantity["name"].as_str().unwrap();
        let differences = pairs.map(|(a, b)| metric(name, a) - metric(name, b));
        let mean = differences.iter().sum::<f64>() / 3.0;
        let square = differences.map(|difference| (difference - mean).powi(2)).iter().sum::<f64>();
        let error = (square / 2.0).sqrt() / 3f64.sqrt();
        let pair = &quantity["pairs"][0];
        assert_eq!((&pair["n"], &pair["ranked"]), (&3.into(), &false.into()), "three seeds prove nothing");
        assert!((number(&pair["difference"]) - mean).abs() < 1e-12, "{name}: {pair}, {differences:?}");
        assert!((number(&pair["standard_error"]) - error).abs() < 1e-12, "{name}: {pair}, {differences:?}");
        // With two degrees of freedom P(|T| >= t) = 1 - t / sqrt(2 + t^2).
        let t = mean.abs() / error;
        let p = if mean == 0.0 { 1.0 } else { 1.0 - t / (2.0 + t * t).sqrt() };
        assert!((number(&pair["p"]) - p).abs() < 1e-9, "{name}: {pair}, {p}");
        assert_eq!(pair["p_holm"], pair["p"], "of one pair");
        let all = ["b1", "b2", "b3", "b5"].map(|run| metric(name, run)).iter().sum::<f64>() / 4.0;
        assert!((number(&quantity["settings"][1]["mean"]) - all).abs() < 1e-12, "{name}");
    }
    let text = String::from_utf8(evaluate(&[])).unwrap();
    for row in ["a4/best.ckpt       seed 4", "b5/best.ckpt       seed 5"] {
        assert!(text.contains(row), "{text}");
    }
    assert_eq!(report["ensemble"]["samples"], 360);
    std::fs::remove_file(folder.path().join("b5/summary.json")).unwrap();
    let unfinished = rarefy(&folder).args(["eval", "--compare"]).args(names).assert().success();
    let told = String::from_utf8(unfinished.get_output().stderr.clone()).unwrap();
    assert!(
        told.starts_with("b5/best.ckpt: its run has not finished") && told.lines().count() == 1,
        "{told}"
    );
    let losses = report["results"].as_array().unwrap().iter().map(|result| number(&result["loss"]));
    assert!(number(&report["ensemble"]["loss"]) <= losses.sum::<f64>() / 8.0);
}

#[test]
fn runs_that_cannot_be_compared_are_refused_by_name() {
    let folder = folder();
    for (out, seed, density) in [("a1", 1, "0.1"), ("a2", 2, "0.1"), ("b2", 2, "0.3"), ("b3", 3, "0.3")] {
        train(&folder, out, seed, density);
    }
    std::fs::create_dir(folder.path().join("copy")).unwrap();
    std::fs::copy(folder.path().join("a1/best.ckpt"), folder.path().join("copy/best.ckpt")).unwrap();
    let refused = |flag: &str, networks: &[&str], words: &[&str]| {
        fails(rarefy(&folder).args(["eval", flag]).args(networks), 2, words);
    };
    for flag in ["--compare", "--ensemble"] {
        refused(flag, &["a1", "a2", "a1"], &["`a1/best.ckpt` is named twice"]);
        refused(flag, &["a1", "./a1", "a2"], &["`a1/best.ckpt` and `./a1/best.ckpt` hold the same network"]);
        refused(flag, &["a1", "copy"], &["`a1/best.ckpt` and `copy/best.ckpt` hold the same network"]);
    }
    // Another number of epochs is another setting; here it is another moment of one run.
    rarefy(&folder)
        .args(["train", "--epochs", "3", "--quiet", "--out", "long", "--lr-schedule", "constant"])
        .args(TINY)
        .assert()
        .success();
    let path = folder.path().join("long/best.ckpt");
    std::fs::copy(folder.path().join("long/last.ckpt"), folder.path().join("long/other.ckpt")).unwrap();
    let mut best = Checkpoint::load(&path).unwrap();
    best.store.slice_mut(0, rarefy::nn::params::Column::Value)[0] += 1.0;
    best.save(&path).unwrap();
    let words = ["`long/best.ckpt` and `long/other.ckpt` are of one setting", "(seed 1)"];
    refused("--compare", &["long", "long/other.ckpt"], &words);
    let words = [
        "`density=0.1` (a1/best.ckpt: seed 1)",
        "`density=0.3` (b2/best.ckpt: seed 2; b3/best.ckpt: seed 3)",
    ];
    refused("--compare", &["a1", "b2", "b3"], &words);
    // What no training run left has no recipe.
    let mut bare = Checkpoint::load(&folder.path().join("a1/best.ckpt")).unwrap();
    bare.meta.state = Value::Null;
    bare.save(&folder.path().join("bare")).unwrap();
    refused(
        "--compare",
        &["a2", "bare", "--data", "digits"],
        &["bare holds no recipe and seeds", "without --compare"],
    );
}
