//! What the example reports, on golden data and on data made wrong.

use crate::kinds;
use crate::tally::{Outcome, Tally};
use serde_json::{Value, json};
use std::path::Path;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");

/// A convolution of 40 weights and a classifier of 20 at density 1/2.
fn densities() -> Value {
    let layers = json!([["conv.weight", [4, 10, 1, 1], 40, 8, 8, 2560], ["fc.weight", [5, 4], 20, 1, 1, 20]]);
    let rows = json!([["conv.weight", [4, 10, 1, 1], 0.5, 20, 1280], ["fc.weight", [5, 4], 0.5, 10, 10]]);
    json!({
        "inits": ["uniform", "of the future"],
        "models": {"of the future": {
            "input": [10, 8, 8], "classes": 5, "prunable": 60, "layers": layers,
            "inits": {"uniform": {"0.5": {"status": "ok", "rows": rows}}, "of the future": {}},
        }},
    })
}

/// The object printed for a folder with this file alone.
fn report(name: &str, content: &str) -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join(name), content).expect("a file");
    let found = kinds::find(dir.path()).expect("readable");
    let [file] = found.as_slice() else { panic!("expected one file, found {}", found.len()) };
    file.check().to_json(&file.name)
}

#[test]
fn the_golden_train_step_agrees_on_both_executors() {
    let found = kinds::find(Path::new(GOLDEN)).expect("readable");
    let file = found.iter().find(|file| file.name.starts_with("train_step_")).expect("a golden train step");
    let report = file.check().to_json(&file.name);
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!((&report["reference"]["ok"], &report["fast"]["ok"]), (&json!(true), &json!(true)));
}

#[test]
fn the_golden_metrics_scores_and_attacks_agree() {
    let found = kinds::find(Path::new(GOLDEN)).expect("readable");
    let file = found.iter().find(|file| file.name == "eval_metrics.safetensors").expect("golden metrics");
    let report = file.check().to_json(&file.name);
    assert_eq!(report["ok"], true, "{report}");
    for part in ["classification", "ood", "adversarial"] {
        assert_eq!(report[part]["ok"], true, "{report}");
    }
}

#[test]
fn every_small_copy_of_golden_data_agrees_and_nothing_is_left_out() {
    for name in ["densities.json", "dst_steps.json", "lr_schedules.json"] {
        let found = kinds::find(Path::new(GOLDEN)).expect("readable");
        let file = found.iter().find(|file| file.name == name).expect("a golden file");
        let report = file.check().to_json(&file.name);
        assert_eq!((&report["ok"], &report["skipped"]), (&json!(true), &json!([])), "{report}");
    }
}

#[test]
fn wrong_index_sets_and_rates_are_not_ok() {
    let golden = |name: &str| -> Value {
        let text = std::fs::read_to_string(format!("{GOLDEN}/{name}")).expect("readable");
        serde_json::from_str(&text).expect("JSON")
    };
    let mut steps = golden("dst_steps.json");
    let grown = &mut steps["cases"][0]["expected"]["magnitude"]["gradient"]["grown"][0];
    *grown = json!(grown.as_u64().expect("a position") + 1);
    let mut rates = golden("lr_schedules.json");
    rates["cosine_death_rate"][0]["closed_form"][3] = json!(0.398);
    for (name, file) in [("dst_steps.json", steps), ("lr_schedules.json", rates)] {
        let report = report(name, &file.to_string());
        assert_eq!(report["ok"], false, "{report}");
        assert!(report["error"].is_null(), "{report}");
    }
}

#[test]
fn right_densities_are_ok_and_what_is_unknown_is_skipped() {
    let report = report("densities.json", &densities().to_string());
    // Per layer a density and a count; the number of layers and the total.
    assert_eq!((&report["ok"], &report["checked"]), (&json!(true), &json!(6)), "{report}");
    assert_eq!(report["skipped"], json!(["init of the future", "layer list of of the future"]));
    assert_eq!(report["file"], "densities.json");
}

#[test]
fn wrong_densities_counts_and_totals_are_not_ok() {
    let row = |file: &mut Value, column: usize, value: Value| {
        file["models"]["of the future"]["inits"]["uniform"]["0.5"]["rows"][0][column] = value;
    };
    let mut cases = vec![densities(); 4];
    row(&mut cases[0], 2, json!(0.500000001));
    row(&mut cases[1], 3, json!(22));
    cases[2]["models"]["of the future"]["prunable"] = json!(70);
    cases[3]["models"]["of the future"]["inits"]["uniform"]["0.5"]["status"] = json!("infeasible");
    for case in cases {
        let report = report("densities.json", &case.to_string());
        assert_eq!(report["ok"], false, "{report}");
        assert!(report["densities"]["failures"][0].is_string() && report["error"].is_null(), "{report}");
    }
}

#[test]
fn files_that_cannot_be_understood_are_not_ok_and_say_why() {
    for (name, content, problem) in [
        ("densities.json", "[", "is no JSON"),
        ("densities.json", "{\"inits\": []}", "no `models`"),
        ("densities.json", "{\"inits\": 3, \"models\": {}}", "expected an array, found 3"),
        ("dst_steps.json", "{}", "no `cases`"),
        ("train_step_x.safetensors", "", "train_step_x.json"),
    ] {
        let report = report(name, content);
        assert_eq!(report["ok"], false, "{report}");
        assert!(report["error"].as_str().is_some_and(|error| error.contains(problem)), "{report}");
    }
}

#[test]
fn only_names_of_known_kinds_are_found() {
    let dir = tempfile::tempdir().expect("a folder");
    for name in [
        "densities.json",
        "train_step_a.safetensors",
        "densities2.json",
        "train_step_.safetensors",
        "README.md",
    ] {
        std::fs::write(dir.path().join(name), "").expect("a file");
    }
    let found = kinds::find(dir.path()).expect("readable");
    let names: Vec<&str> = found.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["densities.json", "train_step_a.safetensors"]);
    assert!(kinds::find(&dir.path().join("nowhere")).is_err());
}

#[test]
fn nothing_compared_or_not_a_number_is_not_ok() {
    assert!(!Outcome::new(Vec::new(), Vec::new()).ok());
    assert!(!Outcome::new(vec![("part", Tally::default())], Vec::new()).ok());
    let ok_after = |compare: fn(&mut Tally)| {
        let mut tally = Tally::default();
        compare(&mut tally);
        Outcome::new(vec![("part", tally)], Vec::new()).ok()
    };
    assert!(ok_after(|tally| tally.number("x", 1.0, 1.0, 0.0)));
    assert!(ok_after(|tally| tally.tensor("x", &[0.0, 3.0], &[0.0, 3.1], 0.1)));
    assert!(!ok_after(|tally| tally.number("x", f64::NAN, 1.0, 1.0)));
    assert!(!ok_after(|tally| tally.number("x", 1.0, f64::NAN, 1.0)));
    assert!(!ok_after(|tally| tally.tensor("x", &[1.0], &[1.0, 1.0], 9.0)));
    assert!(!ok_after(|tally| tally.absolute("x", &[f64::NAN], &[1.0], 1.0)));
    assert!(!ok_after(|tally| tally.absolute("x", &[1.0, 1.2], &[1.0, 1.0], 0.1)));
}
