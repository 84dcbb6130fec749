//! Names of the registries in the documentation.

use rarefy_eval::metrics;

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
