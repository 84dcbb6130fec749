//! Robustness to corruptions.

use super::Args;
use super::need::Need;
use super::network::{Loader, Network};
use super::watcher::Watcher;
use crate::failure::Failure;
use crate::format::percent;
use crate::table::Table;
use rarefy::core::same_name;
use rarefy::eval::corruptions::{NAME, REGISTRY};
use rarefy::eval::{CorruptionErrors, OfficialCorruptions, corrupt};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Which corruptions, beside which network.
#[derive(clap::Args)]
pub(super) struct CorruptionArgs {
    #[arg(long, value_name = "SET", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = NAME, help = corruption_help())]
    corruptions: Option<String>,
    /// Relate the errors under corruptions to those of this network, e.g. the dense one
    #[arg(long, value_name = "RUN|CKPT")]
    reference: Option<PathBuf>,
}

fn corruption_help() -> String {
    let names: Vec<&str> = REGISTRY.iter().map(|corruption| corruption.name).collect();
    format!("Corrupt the images: our own {NAME}, or the official files in DIR: {}", names.join(", "))
}

/// Errors under corruptions, 0 to 1.
#[derive(Serialize)]
pub(super) struct Corruptions {
    pub(super) set: String,
    pub(super) kinds: Vec<Kind>,
    /// Kinds without a file, of which nothing is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
    pub(super) mean_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relative: Option<Relative>,
}

#[derive(Serialize)]
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) errors: Vec<f64>,
    pub(super) mean_error: f64,
}

/// Mean over kinds of the error divided by the reference's (the mCE of Hendrycks & Dietterich, with our reference); none if
/// the reference makes no error under some kind.
#[derive(Clone, Serialize)]
pub(super) struct Relative {
    pub(super) reference: PathBuf,
    pub(super) ratio: Option<f64>,
}

/// The reference's errors, once.
pub(super) struct Reference {
    path: PathBuf,
    errors: Vec<CorruptionErrors>,
}

/// The errors of one network.
struct Measured {
    set: String,
    missing: Vec<String>,
    errors: Vec<CorruptionErrors>,
}

impl CorruptionArgs {
    /// Whether anything is asked for.
    pub(super) fn wanted(&self) -> bool {
        self.corruptions.is_some()
    }

    /// The network that errors are related to.
    pub(super) fn other_network(&self) -> Option<&Path> {
        self.reference.as_deref()
    }

    /// Which of the flags are given, and what each of them needs.
    pub(super) fn needs(&self) -> Vec<Need> {
        let given = self.reference.is_some();
        vec![Need { flag: "--reference", given, needs: "--corruptions", there: self.wanted() }]
    }

    fn errors(&self, args: &Args, network: &mut Network, watcher: &mut Watcher) -> Result<Measured, Failure> {
        let set = self.corruptions.as_deref().unwrap_or(NAME);
        let Network { dataset, classifier, .. } = network;
        if same_name(set, NAME) {
            let errors = corrupt(classifier, dataset, args.split.split(), args.most(), args.seed(), watcher)?;
            return Ok(Measured { set: NAME.to_owned(), missing: Vec::new(), errors });
        }
        let official = OfficialCorruptions::open(Path::new(set), args.allow_incomplete)?;
        let missing = official.missing().to_vec();
        watcher.left_out(set, &missing);
        Ok(Measured {
            set: set.to_owned(),
            missing,
            errors: official.evaluate(classifier, args.most(), watcher)?,
        })
    }

    /// Looks for the official files, if they are asked for.
    pub(super) fn check(&self, args: &Args) -> Result<(), Failure> {
        match self.corruptions.as_deref().filter(|set| !same_name(set, NAME)) {
            Some(set) => Ok(OfficialCorruptions::open(Path::new(set), args.allow_incomplete).map(|_| ())?),
            None => Ok(()),
        }
    }

    /// The errors of the reference, if there is one.
    pub(super) fn reference(
        &self,
        args: &Args,
        loader: &mut Loader<'_>,
        watcher: &mut Watcher,
    ) -> Result<Option<Reference>, Failure> {
        let Some(path) = &self.reference else { return Ok(None) };
        let mut network = loader.load(path)?;
        watcher.of(&network.path);
        let errors = self.errors(args, &mut network, watcher);
        let Measured { errors, .. } = errors.map_err(|failure| failure.of(&network.path))?;
        Ok(Some(Reference { path: network.path, errors }))
    }

    pub(super) fn evaluate(
        &self,
        args: &Args,
        network: &mut Network,
        reference: Option<&Reference>,
        watcher: &mut Watcher,
    ) -> Result<Corruptions, Failure> {
        let Measured { set, missing, errors } = self.errors(args, network, watcher)?;
        let mean = |numbers: &mut dyn Iterator<Item = f64>| numbers.sum::<f64>() / errors.len() as f64;
        let relative = reference.map(|Reference { path, errors: theirs }| {
            let ratio = |(ours, theirs): (&CorruptionErrors, &CorruptionErrors)| ours.mean() / theirs.mean();
            let ratio = mean(&mut errors.iter().zip(theirs).map(ratio));
            Relative { reference: path.clone(), ratio: Some(ratio).filter(|ratio| ratio.is_finite()) }
        });
        let mean_error = mean(&mut errors.iter().map(CorruptionErrors::mean));
        let kind =
            |kind: CorruptionErrors| Kind { mean_error: kind.mean(), name: kind.name, errors: kind.errors };
        Ok(Corruptions { set, missing, mean_error, relative, kinds: errors.into_iter().map(kind).collect() })
    }
}

/// A row a network and kind, and one for the mean.
pub(super) fn table<'a>(results: impl Iterator<Item = (String, &'a Corruptions)>) -> Table {
    let head = ["error under corruptions", "kind", "1", "2", "3", "4", "5", "mean", "of reference"];
    let mut table = Table::new(&head, 2);
    for (network, corruptions) in results {
        for kind in &corruptions.kinds {
            let cells = kind.errors.iter().chain([&kind.mean_error]).map(|&error| percent(error));
            table.row([network.clone(), kind.name.clone()].into_iter().chain(cells));
        }
        let number = |ratio: Option<f64>| ratio.map_or("undefined".to_owned(), |ratio| format!("{ratio:.4}"));
        let ratio = corruptions.relative.as_ref().map_or(String::new(), |relative| number(relative.ratio));
        let Corruptions { set, kinds, missing, .. } = corruptions;
        let of = match missing.len() {
            0 => set.clone(),
            more => format!("{set}, {} of {} kinds", kinds.len(), kinds.len() + more),
        };
        let mut row = vec![network, of];
        row.extend(std::iter::repeat_n(String::new(), 5));
        row.extend([percent(corruptions.mean_error), ratio]);
        table.row(row);
    }
    table
}
