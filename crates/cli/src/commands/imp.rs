//! `rarefy imp`.

use super::data::ensure_data;
use super::train::flags::RecipeFlags;
use crate::args::warn_of_threads;
use crate::failure::Failure;
use crate::format::{grouped, percent};
use crate::output::{json, note};
use crate::progress::Watcher;
use crate::signals::Signals;
use rarefy::train::{Imp, ImpOutcome, PruneScope, Recipe, Summary};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Iterative magnitude pruning: train, remove the smallest weights, rewind the rest, train again.
///
/// Round r of R trains density^(r / R) of the weights. The same command goes on where it was stopped.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: RecipeFlags,
    /// Take the settings from a recipe
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Rounds of pruning
    #[arg(long, value_name = "R", default_value_t = 5)]
    rounds: u32,
    /// Epoch whose weights every round starts with; 0 is the initial network
    #[arg(long, value_name = "EPOCH", default_value_t = 0)]
    rewind_epoch: u32,
    /// What competes: `global`, all weights, or `layer`, each layer's among themselves
    #[arg(long, default_value = "global")]
    scope: PruneScope,
    /// Print the rounds as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// One round.
#[derive(Serialize)]
struct Round<'a> {
    round: usize,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Trains all rounds and reports.
pub(crate) fn run(args: &Args, signals: &Signals) -> Result<ExitCode, Failure> {
    let mut recipe = match &args.recipe {
        Some(file) => Recipe::load(file)?,
        None => Recipe::for_data(args.flags.data.as_deref().unwrap_or("digits")),
    };
    args.flags.apply(&mut recipe);
    recipe.check()?;
    let Some(folder) = recipe.out.take() else {
        return Err(
            Failure::usage("--out is missing").hint("the rounds are runs in one folder: --out runs/imp")
        );
    };
    warn_of_threads(recipe.threads);
    ensure_data(&recipe.data, recipe.data_dir.as_deref(), false)?;
    let imp = Imp { recipe, rounds: args.rounds, rewind_epoch: args.rewind_epoch, scope: args.scope, folder };
    let mut watcher = Watcher::new(args.quiet);
    let outcome = imp.run(&mut watcher, signals.requests(), |round, trainer| {
        if !args.quiet {
            let counts = trainer.counts();
            note(format_args!(
                "round {round}: {} weights ({})",
                grouped(counts.nnz),
                percent(counts.density())
            ));
        }
    });
    watcher.clear();
    match outcome? {
        ImpOutcome::Finished(rounds) => {
            let rounds: Vec<Round<'_>> =
                rounds.iter().enumerate().map(|(round, (_, summary))| Round { round, summary }).collect();
            for Round { round, summary } in rounds.iter().filter(|_| !args.quiet) {
                let accuracy = summary.test_acc_last.map_or("none".to_owned(), percent);
                note(format_args!("round {round}: density {:.4}, test accuracy {accuracy}", summary.density));
            }
            if args.json {
                json(&rounds)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ImpOutcome::Interrupted { round } => {
            note(format_args!("stopped in round {round}; the same command goes on"));
            Ok(signals.exit_code())
        }
    }
}
