//! What is reported.

use super::accuracy::{Accuracy, Class};
use super::corruptions::Corruptions;
use super::network::Identity;
use super::{attack, compare, corruptions, ood};
use crate::format::{grouped, percent};
use crate::table::Table;
use rarefy::eval::metrics;
use rarefy::eval::stats::Comparison;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::path::PathBuf;

/// All networks.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) results: Vec<Result>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ensemble: Option<Accuracy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comparison: Option<Comparison>,
    /// Networks of a study that could not be trained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) untrained: Vec<Untrained>,
}

/// A network that there should have been.
#[derive(Serialize)]
pub(crate) struct Untrained {
    pub(crate) network: PathBuf,
    /// Why there is none.
    pub(crate) problem: String,
}

/// One network.
#[derive(Serialize)]
pub(super) struct Result {
    #[serde(flatten)]
    pub(super) identity: Identity,
    #[serde(flatten)]
    pub(super) accuracy: Accuracy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ood: Option<Vec<ood::Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attacks: Option<Vec<attack::Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) corruptions: Option<Corruptions>,
}

impl Result {
    /// Every quantity by name, e.g. `ece` or `ood.cifar100.msp.auroc`.
    pub(super) fn values(&self) -> Vec<(String, f64)> {
        let mut values: Vec<(String, f64)> = self.accuracy.metrics.iter().cloned().collect();
        if let Some(scaled) = &self.accuracy.temperature {
            values.push(("temperature".to_owned(), scaled.value));
            values.extend(scaled.metrics.iter().map(|(name, value)| (format!("temperature.{name}"), *value)));
        }
        for row in self.ood.iter().flatten() {
            let named =
                |(name, value): &(String, f64)| (format!("ood.{}.{}.{name}", row.set, row.score), *value);
            values.extend(row.values.iter().map(named));
        }
        for row in self.attacks.iter().flatten() {
            values.push((format!("{}.{}.accuracy", row.attack, row.eps), row.accuracy));
        }
        if let Some(corruptions) = &self.corruptions {
            values.push((format!("{}.mean_error", corruptions.set), corruptions.mean_error));
        }
        values
    }
}

/// Numbers by name, in order: a JSON object.
pub(super) struct Named(Vec<(String, f64)>);

impl FromIterator<(String, f64)> for Named {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl Named {
    /// The numbers in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, f64)> {
        self.0.iter()
    }

    /// The number called `name`.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(key, _)| key == name).map(|&(_, number)| number)
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, number)| map.serialize_entry(name, number))?;
        map.end()
    }
}

impl Report {
    /// Tables for people.
    pub(super) fn text(&self) -> String {
        let mut tables = vec![self.accuracy(), self.calibration()];
        if let [result] = &self.results[..] {
            tables.push(classes(&result.accuracy.per_class));
        }
        let named =
            || self.results.iter().map(|result| (result.identity.checkpoint.display().to_string(), result));
        if self.results.iter().any(|result| result.ood.is_some()) {
            tables.push(ood::table(named().filter_map(|(name, r)| Some((name, r.ood.as_deref()?)))));
        }
        if self.results.iter().any(|result| result.attacks.is_some()) {
            tables.push(attack::table(named().filter_map(|(name, r)| Some((name, r.attacks.as_deref()?)))));
        }
        if self.results.iter().any(|result| result.corruptions.is_some()) {
            tables.push(corruptions::table(
                named().filter_map(|(name, r)| Some((name, r.corruptions.as_ref()?))),
            ));
        }
        tables.extend(self.ensemble.iter().map(ensemble));
        tables.extend(self.comparison.iter().flat_map(compare::tables));
        if !self.untrained.is_empty() {
            tables.push(untrained(&self.untrained));
        }
        let texts: Vec<String> = tables.iter().map(Table::render).collect();
        texts.join("\n")
    }

    /// A row a network.
    fn accuracy(&self) -> Table {
        let head = ["checkpoint", "model", "data", "epoch", "nnz", "samples", "accuracy", "top-5", "loss"];
        let mut table = Table::new(&head, 3);
        for Result { identity, accuracy, .. } in &self.results {
            table.row([
                identity.checkpoint.display().to_string(),
                identity.model.clone(),
                identity.data.clone(),
                identity.epoch.to_string(),
                grouped(identity.nnz),
                grouped(accuracy.samples),
                percent(accuracy.accuracy),
                percent(accuracy.top5),
                format!("{:.4}", accuracy.loss),
            ]);
        }
        table
    }

    /// A row a network, a second one with its temperature.
    fn calibration(&self) -> Table {
        let names: Vec<&str> = metrics::REGISTRY.iter().map(|metric| metric.name).skip(2).collect();
        let mut table = Table::new(&[&["calibration", "temperature"], &names[..]].concat(), 1);
        for Result { identity, accuracy, .. } in &self.results {
            let mut row = |temperature: String, values: &Named| {
                let cells =
                    names.iter().map(|name| values.get(name).map_or_else(String::new, |v| format!("{v:.4}")));
                let head = [identity.checkpoint.display().to_string(), temperature];
                table.row(head.into_iter().chain(cells));
            };
            row("1.000".to_owned(), &accuracy.metrics);
            if let Some(scaled) = &accuracy.temperature {
                let value = if scaled.identified {
                    format!("{:.3}", scaled.value)
                } else {
                    "not identified".to_owned()
                };
                row(value, &scaled.metrics);
            }
        }
        table
    }
}

/// The metrics of the mean of all networks.
fn ensemble(accuracy: &Accuracy) -> Table {
    let mut table = Table::new(&["ensemble", "value"], 1);
    for (name, value) in accuracy.metrics.iter() {
        table.row([name.clone(), format!("{value:.4}")]);
    }
    table
}

/// A row a network that could not be trained.
fn untrained(networks: &[Untrained]) -> Table {
    let mut table = Table::new(&["could not be trained", "why"], 2);
    for Untrained { network, problem } in networks {
        table.row([network.display().to_string(), problem.clone()]);
    }
    table
}

fn classes(per_class: &[Class]) -> Table {
    let mut table = Table::new(&["class", "samples", "accuracy"], 0);
    for Class { class, samples, accuracy } in per_class {
        table.row([class.to_string(), grouped(*samples), accuracy.map_or("none".to_owned(), percent)]);
    }
    table
}
