//! `rarefy train`.

pub(super) mod flags;
mod published;
mod report;
mod start_flags;

use super::data::ensure_data;
use crate::args::warn_of_threads;
use crate::failure::Failure;
use crate::output::{Tone, note, say};
use crate::progress::Watcher;
use crate::signals::Signals;
use flags::RecipeFlags;
use published::PublishedFlags;
use rarefy::train::{Identity, Outcome, Recipe, ResumePoint, Resumed, RunDir, Setup, Trainer};
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
    /// Continue a run: that in --out, or that of this folder or checkpoint
    #[arg(long, value_name = "PATH", num_args = 0..=1)]
    #[allow(clippy::option_option)]
    resume: Option<Option<PathBuf>>,
    /// With --resume, if best.ckpt is lost: the best epoch is the one to go on from, or a later one
    #[arg(long, requires = "resume")]
    forget_best: bool,
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
    if let Some(point) = &point {
        recipe = point.going_on(recipe)?;
    }
    recipe.check()?;
    if fresh && args.published.is_profile(&args.flags) {
        // The published code takes its own flags whatever the others say.
        let idle = recipe.idle_keys();
        warnings.extend(idle.iter().map(|(key, with)| format!("`{key}` has no effect without {with}")));
    } else if point.is_none() {
        recipe.check_needs()?;
    }
    let out = recipe.out.take();
    if let (None, Some(out)) = (&point, &out) {
        // Before data are fetched and a saliency takes minutes.
        RunDir::check_new(out)?;
    }
    ensure_data(&recipe.data, recipe.data_dir.as_deref(), args.fetch)?;
    let (matching, matched) = recipe.matched()?;
    recipe = matching;
    if let Some(matched) = matched.filter(|_| !args.quiet) {
        report::matched(&matched);
    }
    let mut _listening = None;
    let (mut trainer, mut folder) = match &point {
        Some(point) => match point.resume(recipe, args.forget_best)? {
            Resumed::Finished(summary) => {
                report::finished(point);
                report::done(args, &summary, &point.folder)?;
                return Ok(ExitCode::SUCCESS);
            }
            Resumed::Open { trainer, run } => {
                report::missing_records(run.missing_records(&trainer.position_in_run()));
                (trainer, run)
            }
        },
        None => {
            let trainer = Trainer::new(Setup::from_recipe(recipe)?)?;
            // From here on there is a run to save: a folder that is made is that of a run.
            _listening = Some(signals.requests().listen());
            let folder = RunDir::create(out.as_deref(), trainer.recipe())?;
            (Box::new(trainer), folder)
        }
    };
    warn_of_threads(trainer.recipe().threads);
    let outlook = trainer.outlook();
    for warning in warnings.iter().chain(&outlook.warnings) {
        say(Tone::Warning, warning);
    }
    if !args.quiet {
        if point.is_some_and(|point| point.checkpoint.is_none()) {
            note(format_args!("the run has no checkpoint yet: it starts with its first step"));
        }
        report::start(&trainer, &outlook, folder.path());
        if let Some(extension) = trainer.extension() {
            report::extended(&extension);
        }
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
