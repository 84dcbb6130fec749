//! The command `rarefy`.
//!
//! People read standard error, machines `--json` on standard output. Exit codes: 0 done, 1 system, 2 usage, 3 bad data or
//! checkpoint, 4 numerical failure, 129, 130 and 143 ended by a signal, a run after saving.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod dynamic_flags;
mod failure;
mod format;
mod init_flags;
mod output;
mod plots;
mod progress;
mod signals;
mod table;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use rarefy::core::memory::is_asking;
use rarefy::core::try_remove_leftovers;
use rarefy::kernels::Reporting;
use signals::Signals;
use std::process::ExitCode;

/// Memory that runs out ends the program as any other refusal of the system does, even where nobody could be
/// asked.
#[global_allocator]
static ALLOCATOR: Reporting = Reporting { may_refuse: is_asking, last: try_remove_leftovers };

/// Train neural networks sparse from the first step.
#[derive(Parser)]
#[command(name = "rarefy", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(Box<commands::train::Args>),
    Eval(Box<commands::eval::Args>),
    Study(commands::study::Args),
    GradientFlow(commands::gradient_flow::Args),
    Inspect(Box<commands::inspect::Args>),
    Export(commands::export::Args),
    Prune(commands::prune::Args),
    Imp(Box<commands::imp::Args>),
    Bench(commands::bench::Args),
    Data(commands::data::Args),
}

impl Command {
    /// Does it; gives the exit code.
    fn run(self, signals: &Signals) -> Result<ExitCode, Failure> {
        match self {
            Self::Train(args) => commands::train::run(&args, signals),
            Self::Eval(args) => commands::eval::run(&args),
            Self::Study(args) => commands::study::run(&args, signals),
            Self::GradientFlow(args) => commands::gradient_flow::run(&args),
            Self::Export(args) => commands::export::run(&args),
            Self::Imp(args) => commands::imp::run(&args, signals),
            Self::Prune(args) => commands::prune::run(&args),
            Self::Inspect(args) => commands::inspect::run(&args),
            Self::Bench(args) => commands::bench::run(&args),
            Self::Data(args) => commands::data::run(&args),
        }
    }
}

/// Lets `_` stand for `-` in every flag, as the published command lines have it.
fn snake_case(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|flag| match flag.get_long().map(|long| long.replace('-', "_")) {
        Some(snake) if flag.get_long() != Some(snake.as_str()) => flag.alias(snake),
        _ => flag,
    });
    command.mut_subcommands(snake_case)
}

fn main() -> ExitCode {
    let command = snake_case(Cli::command().mut_subcommand("train", commands::train::with_defaults));
    let parsed = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let done = Signals::listen().and_then(|signals| parsed.command.run(&signals));
    done.unwrap_or_else(Failure::report)
}
