//! Names: of rules, of their files, and in the documentation.

use rarefy_core::Density;
use rarefy_sparsity::{Layer, Options, SparsityError, drop, grow, init, redistribution};
use std::collections::BTreeSet;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/init");

fn names() -> BTreeSet<String> {
    init::REGISTRY.iter().map(|rule| rule.name().to_owned()).collect()
}

#[test]
fn names_are_unique_and_every_rule_has_a_summary() {
    assert_eq!(names().len(), init::REGISTRY.len());
    assert!(init::REGISTRY.iter().all(|rule| !rule.summary().is_empty()));
}

#[test]
fn every_rule_has_a_formula_or_a_saliency() {
    let layers = [Layer::conv("conv", 8, 3, 3, 3), Layer::linear("fc", 10, 8)];
    let options = Options { layer_densities: [("*".to_owned(), 0.5)].into(), ..Options::default() };
    let problem = init::Problem::new(&layers, Density::new(0.9).unwrap()).unwrap().with(&options);
    for rule in init::REGISTRY {
        assert_ne!(rule.saliency().is_some(), rule.densities(&problem).is_ok(), "{}", rule.name());
    }
}

#[test]
fn every_rule_is_a_file_of_its_name_and_every_file_a_rule() {
    let files = std::fs::read_dir(SOURCE).unwrap().map(|entry| entry.unwrap().path());
    let stems: BTreeSet<String> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|stem| stem != "mod")
        .collect();
    assert_eq!(stems, names());
}

#[test]
fn the_documented_names_are_those_of_the_registry() {
    let module = std::fs::read_to_string(format!("{SOURCE}/mod.rs")).unwrap();
    let page = include_str!("../../../docs/methods.md");
    let section = page.split("\n## ").find(|section| section.starts_with("Sparse inits\n")).unwrap();
    for (text, row) in [(module.as_str(), "//! | `"), (section, "| `")] {
        let rows = text.lines().filter_map(|line| line.strip_prefix(row));
        let documented: Vec<String> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
        assert_eq!(documented.len(), names().len());
        assert_eq!(documented.into_iter().collect::<BTreeSet<_>>(), names());
    }
}

#[test]
fn rules_of_dynamic_training_are_files_and_documented_rows_of_their_names() {
    let helpers = ["mod", "choose", "candidates", "share"];
    let page = include_str!("../../../docs/methods.md");
    for (folder, heading, names) in [
        ("drop", "Drop rules", drop::REGISTRY.iter().map(|rule| rule.name()).collect::<Vec<_>>()),
        ("grow", "Grow rules", grow::REGISTRY.iter().map(|rule| rule.name()).collect()),
        (
            "redistribution",
            "Redistribution",
            redistribution::REGISTRY.iter().map(|rule| rule.name()).collect(),
        ),
    ] {
        let source = format!("{}/src/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
        let stems: BTreeSet<String> = files
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .filter(|stem| !helpers.contains(&stem.as_str()))
            .collect();
        assert_eq!(stems, names.iter().map(|name| (*name).to_owned()).collect(), "{folder}");
        let module = std::fs::read_to_string(format!("{source}/mod.rs")).unwrap();
        let section =
            page.split("\n## ").find(|section| section.starts_with(&format!("{heading}\n"))).unwrap();
        for (text, row) in [(module.as_str(), "//! | `"), (section, "| `")] {
            let rows = text.lines().filter_map(|line| line.strip_prefix(row));
            assert_eq!(rows.map(|row| row.split('`').next().unwrap()).collect::<Vec<_>>(), names, "{folder}");
        }
    }
}

#[test]
fn rules_of_dynamic_training_are_found_and_the_nearest_is_suggested() {
    assert_eq!(drop::find("Taylor-FO").unwrap().name(), "taylor_fo");
    assert_eq!(grow::find("Momentum_Neuron").unwrap().name(), "momentum_neuron");
    assert_eq!(redistribution::find("nonzeros").unwrap().name(), "count");
    let suggests = |error: SparsityError, name: &str| {
        let text = error.to_string();
        assert!(text.contains(&format!("did you mean `{name}`?")), "{text}");
    };
    suggests(drop::find("magnitud").map(|_| ()).unwrap_err(), "magnitude");
    suggests(grow::find("gradeint").map(|_| ()).unwrap_err(), "gradient");
    suggests(redistribution::find("nome").map(|_| ()).unwrap_err(), "none");
}

#[test]
fn published_spellings_are_found() {
    for (given, name) in [
        ("ERK", "erk"),
        ("ER", "er"),
        ("uniform", "uniform"),
        ("Uniform", "uniform"),
        ("ERK_plus", "erk_plus"),
        ("GraSP", "grasp"),
        ("global_magnitude", "magnitude"),
        ("file:x.toml", "file"),
    ] {
        assert_eq!(init::find(given).unwrap().name(), name);
    }
}

#[test]
fn an_unknown_init_is_an_error_that_lists_the_names_and_suggests_the_nearest() {
    let error = |name| init::find(name).map(|rule| rule.name()).unwrap_err();
    assert_eq!(
        error("ERKK").to_string(),
        "unknown sparse init `ERKK`, did you mean `erk`?; choices: uniform, uniform_plus, er, erk, erk_plus, balanced, pyramidal, snip, grasp, synflow, magnitude, file"
    );
    assert_eq!(
        error("xyz").to_string(),
        "unknown sparse init `xyz`; choices: uniform, uniform_plus, er, erk, erk_plus, balanced, pyramidal, snip, grasp, synflow, magnitude, file"
    );
    assert!(matches!(error("unifrom"), SparsityError::UnknownName { suggestion: Some("uniform"), .. }));
    assert!(matches!(error(""), SparsityError::UnknownName { suggestion: None, .. }));
}
