//! `rarefy train`.

pub(super) mod flags;
mod published;
mod report;
mod start_flags;

use super::data::ensure_data;
use crate::args::too_many_threads;
use crate::failure::Failure;
use crate::output::note;
use crate::progress::Watcher;
use crate::signals::Signals;
use flags::RecipeFlags;
use published::PublishedFlags;
use rarefy::train::{
    Identity, LrScheduleName, Outcome, Recipe, ResumePoint, RunDir, Setup, Summary, Trainer,
};
use start_flags::StartFlags;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Train a network, sparse from the first step.
///
/// Without flags: handwritten digits that are part of the program, one weight in ten. Flags override the recipe's values.
/// The published CIFAR command line works as it is: `--model` with one of its own flags (listed last) has its defaults, density
/// 0.05 among them, and trains dense without `--sparse`. In every flag `_` may stand for `-`.
///
/// Ctrl-C, SIGTERM and SIGHUP save the position and stop, for `--resume`; a second signal does not wait.
/// SIGUSR1 saves and goes on.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: RecipeFlags,
    #[command(flatten)]
    start: StartFlags,
    /// Take the settings from a recipe (every run folder has one)
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Continue the run in --out, or the run of this folder or checkpoint
    #[arg(long, value_name = "PATH", num_args = 0..=1)]
    #[allow(clippy::option_option)]
    resume: Option<Option<PathBuf>>,
    /// Fetch the data set first if it is not here
    #[arg(long)]
    fetch: bool,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Show no progress and no table
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    published: PublishedFlags,
}

/// Adds the default recipes' values to the help of the flags.
pub(crate) fn with_defaults(command: clap::Command) -> clap::Command {
    let [digits, others] = ["digits", "cifar10"].map(|data| Recipe::for_data(data).identity());
    let seed = Some(Recipe::default().seed.to_string());
    command.mut_args(|flag| {
        let key = flag.get_id().as_str();
        let help = flag.get_help().filter(|help| !help.to_string().contains("[default")).cloned();
        let default = |recipe: &Identity| if key == "seed" { seed.clone() } else { recipe.get(key) };
        match (default(&digits), default(&others), help) {
            (Some(digits), Some(others), Some(help)) if digits == others || key == "data" => {
                flag.help(format!("{help} [default: {digits}]"))
            }
            (Some(digits), Some(others), Some(help)) => {
                flag.help(format!("{help} [default: {digits}] [other data than digits: {others}]"))
            }
            _ => flag,
        }
    })
}

/// Trains and reports.
pub(crate) fn run(args: &Args, signals: &Signals) -> Result<ExitCode, Failure> {
    let point = match &args.resume {
        Some(path) => Some(find_run(args, path.as_deref())?),
        None => None,
    };
    let mut recipe = match (&args.recipe, &point) {
        (Some(file), _) => Recipe::load(file)?,
        (None, Some(point)) => point.recipe.clone(),
        (None, None) => Recipe::for_data(args.flags.data.as_deref().unwrap_or("digits")),
    };
    let fresh = args.recipe.is_none() && point.is_none();
    if fresh && args.published.is_profile(&args.flags) {
        args.published.defaults(&args.flags, &mut recipe)?;
    }
    args.flags.apply(&mut recipe);
    args.start.apply(&mut recipe);
    args.published.apply(&mut recipe);
    let mut warnings = args.published.settle(&args.flags, fresh, &mut recipe)?;
    recipe.check()?;
    warnings.extend(short_run(&recipe));
    warnings.extend(too_many_threads(recipe.threads));
    let out = recipe.out.take();
    ensure_data(&recipe.data, recipe.data_dir.as_deref(), args.fetch)?;
    let (matching, matched) = recipe.matched()?;
    recipe = matching;
    if let Some(matched) = matched.filter(|_| !args.quiet) {
        report::matched(&matched);
    }
    let mut trainer = Trainer::new(Setup::from_recipe(recipe.clone())?)?;
    for warning in warnings {
        note(format_args!("warning: {warning}"));
    }
    // A folder that is made here is that of a run.
    let _listening = signals.requests().listen();
    let mut folder = match &point {
        Some(point) => {
            if let Some(summary) = resume(&mut trainer, point, &recipe)? {
                report::done(args, &summary, &point.folder)?;
                return Ok(ExitCode::SUCCESS);
            }
            let mut folder = RunDir::open(&point.folder, &recipe)?;
            folder.cut_records(trainer.progress().epoch)?;
            folder.cut_flows(trainer.progress().step);
            folder
        }
        None => RunDir::create(out.as_deref(), trainer.recipe())?,
    };
    if !args.quiet {
        if point.is_some_and(|point| point.checkpoint.is_none()) {
            note(format_args!("the run has no checkpoint yet: it starts with its first step"));
        }
        report::start(&trainer, folder.path());
    }
    let mut watcher = Watcher::new(args.quiet);
    let outcome = trainer.run(&mut folder, &mut watcher, signals.requests());
    watcher.clear();
    match outcome? {
        Outcome::Finished(summary) => {
            report::done(args, &summary, folder.path())?;
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Interrupted { step } => {
            report::interrupted(step, folder.path());
            Ok(signals.exit_code())
        }
    }
}

/// The published schedule of a single epoch divides the rate twice before the first step.
fn short_run(recipe: &Recipe) -> Option<String> {
    let stepped = recipe.lr_schedule == LrScheduleName::MULTISTEP && recipe.milestones.is_none();
    (stepped && recipe.epochs == 1).then(|| {
        let rate = recipe.lr / 100.0;
        format!(
            "1/2 and 3/4 of one epoch are its start: it trains at rate {rate}; --lr-schedule constant or --milestones \
             change that"
        )
    })
}

/// The run that `--resume[=PATH]` means.
fn find_run(args: &Args, path: Option<&Path>) -> Result<ResumePoint, Failure> {
    let out = args.flags.out.as_deref().or(args.published.save.as_deref());
    let Some(path) = path.or(out) else {
        return Err(Failure::usage("--resume needs to know which run")
            .hint("give the run's folder: --resume=runs/NAME, or --resume --out runs/NAME"));
    };
    let point = ResumePoint::find(path)?;
    if out.is_some_and(|out| out != point.folder) {
        return Err(Failure::usage(format!("a run continues in its own folder, {}", point.folder.display()))
            .hint("leave --out away"));
    }
    Ok(point)
}

/// Puts the trainer where the run stopped; gives the summary of a run that is finished.
fn resume(trainer: &mut Trainer, point: &ResumePoint, recipe: &Recipe) -> Result<Option<Summary>, Failure> {
    match &point.checkpoint {
        Some(checkpoint) => trainer.resume(checkpoint)?,
        None => {
            if let Some(difference) = point.recipe.identity().difference(&recipe.identity()) {
                let rarefy::train::Difference { key, left, right } = difference;
                let folder = point.folder.display();
                return Err(Failure::usage(format!("the run in {folder} has {key} {left}, not {right}"))
                    .hint("start a new run in another --out"));
            }
        }
    }
    let finished = trainer.progress().epoch == recipe.total_epochs();
    Ok(if finished { RunDir::finished(&point.folder) } else { None })
}
