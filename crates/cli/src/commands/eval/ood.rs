//! Out-of-distribution detection.

use super::Args;
use super::need::Need;
use super::network::Network;
use super::report::Named;
use super::watcher::Watcher;
use crate::failure::Failure;
use crate::format::grouped;
use crate::table::Table;
use rarefy::eval::images::{self, Images, Request};
use rarefy::eval::{Detection, EvalError, scores, separation};
use serde::Serialize;
use std::path::Path;

/// Images of noise are made as the split has samples, but no more.
const MOST_MADE: usize = 10_000;

/// Which images, which scores.
#[derive(clap::Args)]
pub(super) struct OodArgs {
    #[arg(long, value_name = "SET,...", help = set_help())]
    ood: Vec<String>,
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help = score_help())]
    scores: Vec<String>,
}

/// One set of images told apart by one score.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) set: String,
    pub(super) samples: usize,
    /// Images that are missing or damaged.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    pub(super) score: &'static str,
    #[serde(flatten)]
    pub(super) values: Named,
    /// For plots.
    #[serde(skip)]
    pub(super) scored: separation::Scored,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn set_help() -> String {
    format!("Tell these images from those of the data set: {}", images::choices())
}

fn score_help() -> String {
    let each = scores::REGISTRY.iter().map(|detector| format!("{} ({})", detector.name, detector.about));
    format!("Scores that tell them apart: {} [default: all]", each.collect::<Vec<_>>().join("; "))
}

impl OodArgs {
    /// Whether anything is asked for.
    pub(super) fn wanted(&self) -> bool {
        !self.ood.is_empty()
    }

    /// Which of the flags are given, and what each of them needs.
    pub(super) fn needs(&self) -> Vec<Need> {
        vec![Need { flag: "--scores", given: !self.scores.is_empty(), needs: "--ood", there: self.wanted() }]
    }

    /// Scores that do not exist are refused before any work.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.detectors().map(|_| ())
    }

    fn detectors(&self) -> Result<Vec<&'static scores::Detector>, Failure> {
        match self.scores.is_empty() {
            true => Ok(scores::REGISTRY.iter().collect()),
            false => Ok(self.scores.iter().map(|name| scores::find(name)).collect::<Result<_, _>>()?),
        }
    }

    /// Opens every set; those that are made get `count` images.
    pub(super) fn open(
        &self,
        args: &Args,
        data_dir: Option<&Path>,
        count: usize,
    ) -> Result<Vec<Box<dyn Images>>, Failure> {
        let (seed, allow_incomplete) = (args.seed(), args.allow_incomplete);
        let open = |name: String| {
            let set = images::open(&name, &Request { path: None, data_dir, count, seed, allow_incomplete })?;
            match set.is_empty() {
                true => Err(EvalError::Empty { what: format!("the set of images `{}`", set.name()) }),
                false => Ok(set),
            }
        };
        Ok(self.ood.iter().flat_map(|list| images::split(list)).map(open).collect::<Result<_, _>>()?)
    }

    /// Scores every set.
    pub(super) fn evaluate(
        &self,
        args: &Args,
        network: &mut Network,
        watcher: &mut Watcher,
    ) -> Result<Vec<Row>, Failure> {
        let (split, most) = (args.split.split(), args.most());
        let data_dir = network.data_dir.clone();
        let Network { dataset, classifier, .. } = network;
        let count = dataset.len(split).min(MOST_MADE);
        let mut sets = self.open(args, data_dir.as_deref(), count)?;
        let mut detection = Detection::new(classifier, dataset, split, most, &self.detectors()?, watcher)?;
        let mut rows = Vec::new();
        for set in &mut sets {
            let separated = detection.against(classifier, set.as_mut(), watcher)?;
            watcher.left_out(&set.name(), set.left_out());
            for (detector, scored) in separated {
                let value =
                    |measure: &separation::Separation| (measure.name.to_owned(), (measure.value)(&scored));
                rows.push(Row {
                    set: set.name(),
                    samples: scored.as_in.totals().1 as usize,
                    left_out: set.left_out().len(),
                    score: detector.name,
                    values: separation::REGISTRY.iter().map(value).collect(),
                    scored,
                });
            }
        }
        Ok(rows)
    }
}

/// A row a network, set and score.
pub(super) fn table<'a>(results: impl Iterator<Item = (String, &'a [Row])>) -> Table {
    let names = separation::REGISTRY.iter().map(|measure| measure.name);
    let head: Vec<&str> =
        ["out of distribution", "set", "score", "samples"].into_iter().chain(names).collect();
    let mut table = Table::new(&head, 3);
    for (network, rows) in results {
        for row in rows {
            let head = [network.clone(), row.set.clone(), row.score.to_owned(), grouped(row.samples as u64)];
            table.row(head.into_iter().chain(row.values.iter().map(|(_, value)| format!("{value:.4}"))));
        }
    }
    table
}
