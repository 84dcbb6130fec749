//! Presets of training methods: names, files, documentation, and rules that exist.

use rarefy_sparsity::{SparsityError, drop, grow, method};
use std::collections::BTreeSet;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/method");

fn names() -> Vec<&'static str> {
    method::REGISTRY.iter().map(|preset| preset.name).collect()
}

#[test]
fn every_preset_is_a_file_of_its_name_and_every_file_a_preset() {
    let files = std::fs::read_dir(SOURCE).unwrap().map(|entry| entry.unwrap().path());
    let stems: BTreeSet<String> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|stem| stem != "mod")
        .collect();
    assert_eq!(stems, names().into_iter().map(str::to_owned).collect());
}

#[test]
fn the_documented_presets_are_those_of_the_registry_in_its_order() {
    let page = include_str!("../../../docs/methods.md");
    let section = page.split("\n## ").find(|section| section.starts_with("Training methods\n")).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(documented, names());
}

#[test]
fn presets_name_rules_that_exist_and_numbers_in_range() {
    for preset in method::REGISTRY {
        let name = preset.name;
        assert!(drop::find(preset.drop).is_ok() && grow::find(preset.grow).is_ok(), "{name}");
        assert!((0.0..1.0).contains(&preset.fraction) && preset.fraction_end <= preset.fraction, "{name}");
        assert!(preset.until > 0.0 && preset.until <= 1.0 && !preset.summary.is_empty(), "{name}");
    }
}

#[test]
fn an_unknown_method_suggests_the_nearest() {
    assert_eq!(method::find("RigL").unwrap().name, "rigl");
    assert_eq!(method::find("ac-dc").unwrap().name, "ac_dc");
    let error = method::find("rigle").unwrap_err();
    assert!(
        matches!(error, SparsityError::UnknownName { .. }) && error.to_string().contains("`rigl`"),
        "{error}"
    );
}
