//! Names of the registries in the documentation.

use rarefy_eval::{attacks, corruptions, images, metrics, scores, separation};

/// First column of the table under a heading of `docs/methods.md`.
fn documented(heading: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/methods.md");
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(heading)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next()).collect()
}

#[test]
fn the_documented_metrics_are_those_of_the_registry() {
    let known: Vec<&str> = metrics::REGISTRY.iter().map(|metric| metric.name).collect();
    assert_eq!(documented("Metrics"), known);
}

#[test]
fn the_documented_scores_attacks_and_corruptions_are_those_of_the_registries() {
    let known: Vec<&str> = scores::REGISTRY.iter().map(|detector| detector.name).collect();
    assert_eq!(documented("Out-of-distribution scores"), known);
    let known: Vec<&str> = separation::REGISTRY.iter().map(|measure| measure.name).collect();
    assert_eq!(documented("Separation"), known);
    let known: Vec<&str> = images::REGISTRY.iter().map(|kind| kind.name).collect();
    assert_eq!(documented("Sets of other images"), known);
    let known: Vec<&str> = attacks::REGISTRY.iter().map(|attack| attack.name).collect();
    assert_eq!(documented("Attacks"), known);
    let known: Vec<&str> = corruptions::REGISTRY.iter().map(|corruption| corruption.name).collect();
    assert_eq!(documented("Corruptions"), known);
}
