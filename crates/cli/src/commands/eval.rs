//! `rarefy eval`.

mod accuracy;
mod attack;
mod compare;
mod corruptions;
mod ensemble;
mod figures;
mod need;
mod network;
mod ood;
mod report;
mod watcher;

use crate::args::{data_help, warn_of_threads};
use crate::failure::Failure;
use crate::output::{json, product};
use clap::ValueEnum;
use need::Need;
use network::{Loader, Network};
use rarefy::data::Split;
use rarefy::eval::EvalError;
use rarefy::eval::stats::Grouping;
use report::Report;
pub(crate) use report::Untrained;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use watcher::Watcher;

/// Evaluate trained networks: accuracy, calibration, out-of-distribution detection, robustness.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    /// Folders of runs (their best epoch, without validation their last) or checkpoints
    #[arg(required = true, value_name = "RUN|CKPT")]
    networks: Vec<PathBuf>,
    #[arg(long, help = format!("{} [default: the network's own]", data_help()))]
    data: Option<String>,
    /// Folder of the data set's files [default: that of the run]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Part of the data set
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    split: SplitName,
    /// Samples of a batch [default: that of the run]
    #[arg(long, short, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: Option<u32>,
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    threads: Option<u32>,
    /// Temperature scaling: fit it to the validation split and report calibration before and after
    #[arg(long)]
    temperature: bool,
    #[command(flatten)]
    ood: ood::OodArgs,
    #[command(flatten)]
    attack: attack::AttackArgs,
    #[command(flatten)]
    corruptions: corruptions::CorruptionArgs,
    /// Samples to score, attack and corrupt: the first N, and no more of each --ood set; accuracy and calibration see all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    samples: Option<u32>,
    /// Leave out pictures and kinds of corruption that are missing or damaged in the folders of --ood and --corruptions,
    /// instead of failing
    #[arg(long)]
    allow_incomplete: bool,
    /// Seed of attacks, corruptions, made images [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// Compare settings over seeds: means, intervals, paired tests; runs of one setting differ by their seeds alone
    #[arg(long)]
    compare: bool,
    /// The mean of all probabilities too: the networks as an ensemble
    #[arg(long)]
    ensemble: bool,
    /// Folder for figures (SVG): reliability, score histograms, ROC curves and logged gradient norms
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum SplitName {
    Test,
    Validation,
    Train,
}

impl SplitName {
    fn split(self) -> Split {
        match self {
            Self::Test => Split::Test,
            Self::Validation => Split::Validation,
            Self::Train => Split::Train,
        }
    }
}

impl Args {
    /// Networks that are read beside those that are evaluated.
    pub(crate) fn other_networks(&self) -> impl Iterator<Item = &Path> {
        [self.attack.other_network(), self.corruptions.other_network()].into_iter().flatten()
    }

    /// Whether every network must have a validation split.
    pub(crate) fn needs_validation(&self) -> bool {
        self.temperature
    }

    /// Samples to attack and corrupt.
    fn most(&self) -> usize {
        self.samples.map_or(usize::MAX, |samples| samples as usize)
    }

    /// Seed of attacks, corruptions and images of noise.
    fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }

    /// Which of the flags that belong to several parts are given, and what each of them needs.
    fn needs(&self) -> Vec<Need> {
        let (ood, attack, corruptions) = (self.ood.wanted(), self.attack.wanted(), self.corruptions.wanted());
        let any = |flag, given| {
            let there = ood || attack || corruptions;
            Need { flag, given, needs: "--ood, --attack or --corruptions", there }
        };
        vec![
            any("--samples", self.samples.is_some()),
            any("--seed", self.seed.is_some()),
            Need {
                flag: "--allow-incomplete",
                given: self.allow_incomplete,
                needs: "--ood or --corruptions=DIR",
                there: ood || corruptions,
            },
        ]
    }
}

/// Checks, without any network, that what `args` ask for can be done: names and ranges, and that the images of `--ood` and the
/// files of `--corruptions` are there. They are looked for in `data_dir` unless `args` name a folder.
pub(crate) fn check(args: &Args, data_dir: Option<&Path>) -> Result<(), Failure> {
    check_flags(args)?;
    check_files(args, data_dir)
}

/// Names and ranges.
fn check_flags(args: &Args) -> Result<(), Failure> {
    args.ood.check()?;
    args.attack.check()?;
    need::check(args)?;
    args.plots.as_deref().map_or(Ok(()), figures::check)
}

/// What is read beside data sets and networks.
fn check_files(args: &Args, data_dir: Option<&Path>) -> Result<(), Failure> {
    args.corruptions.check(args)?;
    args.ood.open(args, args.data_dir.as_deref().or(data_dir), 1).map(|_| ())
}

/// Evaluates and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    report(args, Vec::new())
}

/// Evaluates and reports, with networks that there should have been.
pub(crate) fn report(args: &Args, untrained: Vec<Untrained>) -> Result<ExitCode, Failure> {
    check_flags(args)?;
    warn_of_threads(args.threads.map(|threads| threads as usize));
    let mut watcher = Watcher::new(args.quiet);
    let mut loader = Loader::new(args);
    let (mut runs, mut members) = (Vec::new(), Vec::new());
    // Whatever is missing is better known before an hour of work. One network at a time is kept: a study has many.
    for path in &args.networks {
        let network = loader.load(path)?;
        check_files(args, network.data_dir.as_deref())?;
        if args.temperature && network.dataset.is_empty(Split::Validation) {
            let missing = EvalError::NoValidation { data: network.dataset.name().to_owned() };
            return Err(Failure::from(missing).of(&network.path));
        }
        if args.compare {
            runs.push(compare::run(&network)?);
        }
        if args.ensemble {
            members.push(ensemble::Member::of(&network));
        }
    }
    ensemble::check(&members)?;
    let grouping = asked(args.compare, || Ok(Grouping::of(&runs).map_err(EvalError::from)?))?;
    let mut source = args.attack.source(&mut loader)?;
    let reference = args.corruptions.reference(args, &mut loader, &mut watcher)?;
    let mut results = Vec::new();
    for path in &args.networks {
        let mut network = loader.load(path)?;
        watcher.of(&network.path);
        let result = evaluate(args, &mut network, source.as_mut(), reference.as_ref(), &mut watcher);
        results.push(result.map_err(|failure| failure.of(&network.path))?);
    }
    let ensemble = asked(args.ensemble, || {
        let networks = args.networks.iter().map(|path| loader.load(path)).collect::<Result<_, _>>()?;
        ensemble::evaluate(networks, args.split.split(), &mut watcher)
    })?;
    watcher.clear();
    let values: Vec<_> = results.iter().map(report::Result::values).collect();
    let comparison = grouping.map(|grouping| grouping.compare(&values));
    let report = Report { results, ensemble, comparison, untrained };
    if args.json {
        json(&report)?
    } else {
        product(&report.text())?
    }
    // Last: figures that cannot be written take nothing away.
    args.plots.as_deref().map_or(Ok(()), |folder| figures::write(&report, folder))?;
    Ok(ExitCode::SUCCESS)
}

/// Everything that is asked of one network.
fn evaluate(
    args: &Args,
    network: &mut Network,
    source: Option<&mut Network>,
    reference: Option<&corruptions::Reference>,
    watcher: &mut Watcher,
) -> Result<report::Result, Failure> {
    let Args { ood, attack, corruptions, .. } = args;
    Ok(report::Result {
        identity: network.identity(args),
        accuracy: accuracy::evaluate(args, network, watcher)?,
        ood: asked(ood.wanted(), || ood.evaluate(args, network, watcher))?,
        attacks: asked(attack.wanted(), || attack.evaluate(args, network, source, watcher))?,
        corruptions: asked(corruptions.wanted(), || corruptions.evaluate(args, network, reference, watcher))?,
    })
}

/// Does it if it was asked for.
fn asked<T>(wanted: bool, work: impl FnOnce() -> Result<T, Failure>) -> Result<Option<T>, Failure> {
    if wanted { work().map(Some) } else { Ok(None) }
}
