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
mod help;
mod init_flags;
mod output;
mod plots;
mod progress;
mod signals;
mod table;
mod usage;

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
#[command(name = "rarefy", version)]
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

/// The command line with everything that its help says.
fn command() -> clap::Command {
    let command = Cli::command().mut_subcommand("train", commands::train::with_defaults);
    snake_case(help::laid_out(command))
}

fn main() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let parsed = command().try_get_matches_from(&words).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => {
            let done = Signals::listen().and_then(|signals| cli.command.run(&signals));
            done.unwrap_or_else(Failure::report)
        }
        Err(answer) if usage::is_an_answer(&answer) => answer.exit(),
        Err(error) => {
            let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            usage::failure(&error, &words).report()
        }
    }
}
