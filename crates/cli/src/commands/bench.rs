//! `rarefy bench`.

mod data;
mod kernels;
mod layer;
mod profile;
mod step;
mod timing;

use crate::args::warn_of_threads;
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
    Data(data::Args),
    /// Time the products of one convolution on every instruction set, in every register tile; what the engine takes is marked
    Kernels(layer::Args),
    Layer(layer::Args),
    Step(Box<step::Args>),
}

/// Measures.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let threads = match &args.what {
        What::Data(args) => args.threads,
        What::Kernels(args) | What::Layer(args) => args.threads,
        What::Step(args) => args.threads,
    };
    warn_of_threads(threads.map(|threads| threads as usize));
    match &args.what {
        What::Data(args) => data::run(args),
        What::Kernels(args) => kernels::run(args),
        What::Layer(args) => layer::run(args),
        What::Step(args) => step::run(args),
    }
}
