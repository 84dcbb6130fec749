//! The command `rarefy`.
//!
//! People read standard error, machines `--json` on standard output. Exit codes: 0 done, 1 system, 2 usage, 3 bad data or
//! checkpoint, 4 numerical failure, 130 and 143 interrupted after saving.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod dynamic_flags;
mod failure;
mod format;
mod init_flags;
mod output;
mod progress;
mod signals;
mod table;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use std::process::ExitCode;

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
    Eval(commands::eval::Args),
    Inspect(commands::inspect::Args),
    Export(commands::export::Args),
    Prune(commands::prune::Args),
    Imp(Box<commands::imp::Args>),
    Bench(commands::bench::Args),
    Data(commands::data::Args),
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
    let done = match parsed.command {
        Command::Train(args) => commands::train::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Imp(args) => commands::imp::run(&args),
        Command::Prune(args) => commands::prune::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Data(args) => commands::data::run(&args),
    };
    done.unwrap_or_else(|failure: Failure| failure.report())
}
