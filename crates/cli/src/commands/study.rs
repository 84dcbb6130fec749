//! `rarefy study`.

mod file;

use super::eval::{self, Untrained};
use crate::Cli;
use crate::failure::Failure;
use crate::output::note;
use crate::signals::Signals;
use clap::Parser;
use file::{Run, Study};
use rarefy::train::{Preflight, RunDir, TrainError, check_output_folder};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Train several networks and evaluate them together, as a study file says.
///
/// What is finished is not trained again, what was interrupted goes on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The study: [base] is a recipe, each [[networks]] has a name and its own keys, seeds a list, eval the flags of `rarefy eval`
    file: PathBuf,
    /// Folder of the runs
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Folder of the data sets' files
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Passes over the training samples, instead of the study's
    #[arg(long, short)]
    epochs: Option<u32>,
    /// Worker threads; the results do not depend on it [default: all cores]
    #[arg(long, short)]
    threads: Option<usize>,
    /// Draw the figures of `rarefy eval` into this folder (SVG)
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// Print the evaluation as JSON
    #[arg(long)]
    json: bool,
}

/// Trains what is missing, then evaluates.
///
/// A network whose training diverges takes the others nothing: it is told in the report, and in the exit code at the end.
pub(crate) fn run(args: &Args, signals: &Signals) -> Result<ExitCode, Failure> {
    let study = Study::load(&args.file)?;
    let in_file = |failure: Failure| failure.of(&args.file);
    let runs = study.runs(args).map_err(in_file)?;
    let own = |name: &str| runs.iter().any(|run| run.name == name.strip_suffix(".toml").unwrap_or(name));
    check_output_folder(&args.out, own).map_err(TrainError::from)?;
    check(args, &study, &runs).map_err(in_file)?;
    let mut untrained = Vec::new();
    for run in &runs {
        match train(args, run, signals) {
            Ok(ExitCode::SUCCESS) => {}
            Ok(interrupted) => return Ok(interrupted),
            Err(failure) if failure.is_numerical() => {
                let problem = failure.message().to_owned();
                note(format_args!("{}: {problem}; the other networks go on", run.name));
                untrained.push(Untrained { network: args.out.join(&run.name), problem });
            }
            Err(failure) => return Err(failure.of(Path::new(&run.name))),
        }
    }
    let trained = |path: &PathBuf| !untrained.iter().any(|other| other.network == *path);
    let paths = runs.iter().map(|run| args.out.join(&run.name)).filter(trained);
    let mut words: Vec<OsString> = paths.map(Into::into).collect();
    if words.is_empty() {
        return Err(Failure::numerical("no network could be trained: every one of them diverged")
            .hint("lower `lr` or add `warmup` epochs"));
    }
    words.extend(flags(args, &study));
    words.extend(args.json.then(|| "--json".into()));
    let crate::Command::Eval(asked) = command(args, "eval", &words)? else { return Ok(ExitCode::SUCCESS) };
    let diverged = untrained.len();
    let done = eval::report(&asked, untrained)?;
    if diverged > 0 {
        return Err(Failure::numerical(format!(
            "{diverged} of {} networks could not be trained",
            runs.len()
        ))
        .hint("lower their `lr` or add `warmup` epochs; the others are kept"));
    }
    Ok(done)
}

/// Trains one network, unless it was trained before; goes on where it was interrupted.
fn train(args: &Args, Run { name, recipe }: &Run, signals: &Signals) -> Result<ExitCode, Failure> {
    let folder = args.out.join(name);
    if RunDir::finished(&folder).is_some() {
        note(format_args!("{name}: trained before"));
        return Ok(ExitCode::SUCCESS);
    }
    note(format_args!("{name}"));
    let mut words = vec![OsString::from("--out"), folder.clone().into()];
    if RunDir::is_run(&folder) {
        words.push("--resume".into());
    } else {
        std::fs::create_dir_all(&args.out)
            .map_err(|error| Failure::system(format!("{}: {error}", args.out.display())))?;
        let path = args.out.join(format!("{name}.toml"));
        let text = recipe.to_toml()?;
        rarefy::formats::atomic_write(&path, |file| file.write_all(text.as_bytes()))
            .map_err(TrainError::from)?;
        words.extend([OsString::from("--recipe"), path.into()]);
    }
    command(args, "train", &words)?.run(signals)
}

/// Checks every recipe, what was trained before and what is asked of the evaluation, before hours of training.
fn check(args: &Args, study: &Study, runs: &[Run]) -> Result<(), Failure> {
    let mut preflight = Preflight::new();
    for Run { name, recipe } in runs {
        let folder = args.out.join(name);
        let in_run = |error| Failure::from(error).of(Path::new(name));
        preflight.check(recipe).map_err(in_run)?;
        if RunDir::is_run(&folder) {
            preflight.check_same(&folder, recipe).map_err(|error| {
                Failure::from(error).hint("give the study another --out, or the network another name")
            })?;
        }
        preflight.expect(&folder);
    }
    let words = [vec![OsString::from("none")], flags(args, study)].concat();
    let crate::Command::Eval(asked) = command(args, "eval", &words)? else { return Ok(()) };
    let data_dir = runs.first().and_then(|run| run.recipe.data_dir.as_deref());
    eval::check(&asked, data_dir)?;
    for path in asked.other_networks() {
        preflight.find(path)?;
    }
    match runs.iter().find(|run| run.recipe.valid_split == Some(0.0)) {
        Some(Run { name, .. }) if asked.needs_validation() => Err(Failure::usage(format!(
            "eval: --temperature needs a validation split, `{name}` has valid_split = 0"
        ))),
        _ => Ok(()),
    }
}

/// What the evaluation is asked for.
fn flags(args: &Args, study: &Study) -> Vec<OsString> {
    let plots = args.plots.iter().flat_map(|dir| ["--plots".into(), dir.clone().into()]);
    study.eval.iter().map(OsString::from).chain(plots).collect()
}

/// A command line of this program, with the study's common flags.
fn command(args: &Args, name: &str, words: &[OsString]) -> Result<crate::Command, Failure> {
    let mut line: Vec<OsString> = vec!["rarefy".into(), name.into()];
    line.extend_from_slice(words);
    let data_dir = args.data_dir.iter().flat_map(|dir| ["--data-dir".into(), dir.clone().into()]);
    line.extend(data_dir.collect::<Vec<OsString>>());
    line.extend(args.threads.iter().flat_map(|threads| ["--threads".into(), threads.to_string().into()]));
    line.extend(args.quiet.then(|| "--quiet".into()));
    let words: Vec<String> = line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let parsed =
        Cli::try_parse_from(line).map_err(|error| crate::usage::failure(&error, &words).named(name))?;
    Ok(parsed.command)
}
