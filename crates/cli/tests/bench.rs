//! `rarefy bench`: what it prints; never how fast it is.

mod common;

use common::{folder, rarefy};
use serde_json::Value;

const STEP: [&str; 9] =
    ["step", "--model", "cifar_resnet_8_4", "--batch-size", "8", "--threads", "1", "--steps", "3"];

fn text(args: &[&str]) -> String {
    let output = rarefy(&folder()).arg("bench").args(args).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&text(&[args, &["--json"]].concat())).unwrap()
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[test]
fn a_step_is_timed_in_training_and_in_evaluation() {
    for eval in [&[][..], &["--eval"]] {
        let report = json(&[&STEP, eval].concat());
        let documented = ["median_ms", "min_ms", "images_per_sec", "peak_rss_mb", "threads", "isa", "steps"];
        assert_eq!(keys(&report), documented);
        let (median, least) = (number(&report, "median_ms"), number(&report, "min_ms"));
        assert!(median >= least && least > 0.0);
        assert!((number(&report, "images_per_sec") - 8000.0 / median).abs() < 1e-6 * 8000.0 / median);
        assert_eq!((number(&report, "threads"), number(&report, "steps")), (1.0, 3.0));
    }
    assert!(text(&STEP).contains("images/s"));
}

#[test]
fn a_profile_accounts_for_the_step_phase_by_phase_and_layer_by_layer() {
    let report = json(&[&STEP[..], &["--profile"]].concat());
    let profile = &report["profile"];
    assert_eq!(keys(profile), ["peak_gflops", "read_gb_s", "phases", "layers"]);
    assert!(number(profile, "peak_gflops") > 0.0 && number(profile, "read_gb_s") > 0.0);
    let rows = |key: &str| profile[key].as_array().unwrap();
    let phases: Vec<_> = rows("phases").iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["images", "forward", "loss", "backward", "check", "update", "pack", "total"]);
    let ms = |phase: &str| {
        let row = rows("phases").iter().find(|row| row["phase"] == phase).unwrap();
        number(row, "ms")
    };
    let sum: f64 = phases.iter().filter(|phase| **phase != "total").map(|phase| ms(phase)).sum();
    assert!((sum - ms("total")).abs() < 1e-6 * sum);
    // cifar_resnet_8: seven 3x3 convolutions, two shortcuts, the classifier.
    for phase in ["forward", "backward"] {
        let layers = || rows("layers").iter().filter(|row| row["phase"] == phase);
        assert_eq!(layers().filter(|row| number(row, "gflops") > 0.0).count(), 10);
        assert!((layers().map(|row| number(row, "ms")).sum::<f64>() - ms(phase)).abs() < 1e-6 * sum);
    }
    let row = &rows("layers")[0];
    let documented = ["phase", "name", "ms", "gflops", "gb_s", "floor_ms", "percent_of_floor", "parts"];
    assert_eq!(keys(row), documented);
    assert_eq!(row["name"], "conv");
    assert_eq!(keys(&row["parts"][0]), ["part", "ms"]);
    let evaluated = json(&[&STEP[..], &["--profile", "--eval"]].concat());
    assert!(evaluated["profile"]["phases"].as_array().unwrap().iter().all(|row| row["phase"] != "backward"));
    let people = text(&[&STEP[..], &["--profile"]].concat());
    assert!(
        people.contains("% of floor") && people.contains("blocks.0.conv1") && people.contains("images/s")
    );
}
