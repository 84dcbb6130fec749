//! `rarefy bench`.

mod profile;
mod step;
mod timing;

use crate::failure::Failure;
use std::process::ExitCode;

/// Measure speed and memory.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Step(step::Args),
}

/// Measures.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    match &args.what {
        What::Step(args) => step::run(args),
    }
}
