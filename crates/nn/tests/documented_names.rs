//! Names of models and learning-rate schedules in the documentation.

use rarefy_nn::models;
use rarefy_nn::optim::DECAYS;

/// First column of the table under a heading of `docs/methods.md`.
fn documented(heading: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/methods.md");
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(heading)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

#[test]
fn the_documented_models_are_those_of_the_registry() {
    // A pattern is how names are written, then a remark.
    let known = models::REGISTRY.iter().filter_map(|family| family.pattern.split(' ').next());
    assert_eq!(documented("Models"), known.collect::<Vec<_>>());
}

#[test]
fn the_documented_schedules_are_those_of_the_registry() {
    let known = DECAYS.iter().map(|decay| decay.name);
    assert_eq!(documented("Learning-rate schedules"), known.collect::<Vec<_>>());
}
