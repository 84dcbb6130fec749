//! `rarefy study`.

use crate::Cli;
use crate::failure::Failure;
use crate::output::note;
use crate::signals::Signals;
use clap::Parser;
use rarefy::train::{Recipe, RunDir};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use toml::Table;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Study {
    #[serde(default)]
    base: Table,
    networks: Vec<Table>,
    #[serde(default)]
    seeds: Vec<u64>,
    #[serde(default)]
    eval: Vec<String>,
}

/// One run of a study.
struct Run {
    name: String,
    recipe: Recipe,
}

impl Study {
    fn load(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| Failure::system(failed(&error)))?;
        toml::from_str(&text).map_err(|error| Failure::usage(failed(&error)))
    }

    /// Every network with every seed.
    fn runs(&self) -> Result<Vec<Run>, Failure> {
        let mut runs: Vec<Run> = Vec::new();
        for network in &self.networks {
            let mut table = self.base.clone();
            table.extend(network.clone());
            let Some(toml::Value::String(name)) = table.remove("name") else {
                return Err(Failure::usage("every one of [[networks]] needs a `name`"));
            };
            if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(Failure::usage(format!("`{name}` is no name of a folder")));
            }
            let text =
                toml::to_string(&table).map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
            let recipe =
                Recipe::from_toml(&text).map_err(|error| Failure::usage(format!("`{name}`: {error}")))?;
            let seeds = if self.seeds.is_empty() { vec![recipe.seed] } else { self.seeds.clone() };
            for seed in seeds {
                let run = Run { name: format!("{name}-s{seed}"), recipe: Recipe { seed, ..recipe.clone() } };
                if runs.iter().any(|other| other.name == run.name) {
                    return Err(Failure::usage(format!("two networks are called `{name}`")));
                }
                runs.push(run);
            }
        }
        Ok(runs)
    }
}

/// Trains what is missing, then evaluates.
pub(crate) fn run(args: &Args, signals: &Signals) -> Result<ExitCode, Failure> {
    let study = Study::load(&args.file)?;
    let runs = study.runs()?;
    check(args, &study, &runs).map_err(|failure| failure.of(&args.file))?;
    for Run { name, recipe } in &runs {
        let folder = args.out.join(name);
        if RunDir::finished(&folder).is_some() {
            note(format_args!("{name}: trained before"));
            continue;
        }
        note(format_args!("{name}"));
        let mut words = vec![OsString::from("--out"), folder.clone().into()];
        match RunDir::is_run(&folder) {
            true => words.push("--resume".into()),
            false => {
                std::fs::create_dir_all(&args.out)
                    .map_err(|error| Failure::system(format!("{}: {error}", args.out.display())))?;
                let path = args.out.join(format!("{name}.toml"));
                let text = recipe.to_toml()?;
                rarefy::formats::atomic_write(&path, |file| file.write_all(text.as_bytes()))
                    .map_err(Failure::system)?;
                words.extend([OsString::from("--recipe"), path.into()]);
                words.extend(
                    args.epochs.iter().flat_map(|epochs| ["--epochs".into(), epochs.to_string().into()]),
                );
            }
        }
        let done = command(args, "train", &words)?.run(signals)?;
        if done != ExitCode::SUCCESS {
            return Ok(done);
        }
    }
    let mut words: Vec<OsString> = runs.iter().map(|run| args.out.join(&run.name).into()).collect();
    words.extend(flags(args, &study));
    words.extend(args.json.then(|| "--json".into()));
    command(args, "eval", &words)?.run(signals)
}

/// Checks every recipe and what is asked of the evaluation before hours of training.
fn check(args: &Args, study: &Study, runs: &[Run]) -> Result<(), Failure> {
    for Run { name, recipe } in runs {
        recipe.check().map_err(|error| Failure::from(error).of(Path::new(name)))?;
    }
    let words = [vec![OsString::from("none")], flags(args, study)].concat();
    if let crate::Command::Eval(asked) = command(args, "eval", &words)? {
        let data_dir = runs.first().and_then(|run| run.recipe.data_dir.as_deref());
        crate::commands::eval::check(&asked, data_dir)?;
    }
    Ok(())
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
    let parsed = Cli::try_parse_from(line).map_err(|error| {
        // One line of what is wrong: usage and tips are about a command line that nobody wrote.
        let text = error.to_string();
        let problem = text.lines().next().unwrap_or_default();
        let problem = problem.strip_prefix("error: ").unwrap_or(problem);
        Failure::usage(format!("{name}: {problem}")).hint(format!("`rarefy {name} --help` lists all flags"))
    })?;
    Ok(parsed.command)
}
