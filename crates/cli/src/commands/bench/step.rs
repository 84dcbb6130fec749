//! `rarefy bench step`.

use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::output::{json, product};
use rarefy::core::random::{Purpose, Stream};
use rarefy::nn::params::{ParamStore, initialize};
use rarefy::nn::{Session, SessionOptions};
use rarefy::train::{Recipe, TrainError, draw_patterns, machine};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Instant;

/// Time whole training steps (forward, backward, optimizer) on random images.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Samples of a step
    #[arg(long, short, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: u32,
    /// Worker threads [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    threads: Option<u32>,
    /// Steps measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Steps before measuring
    #[arg(long, default_value_t = 3)]
    warmup: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The result; times are of one step.
#[derive(Serialize)]
struct Report {
    median_ms: f64,
    min_ms: f64,
    images_per_sec: f64,
    peak_rss_mb: Option<f64>,
    threads: usize,
    isa: &'static str,
    steps: u32,
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let batch = args.batch_size as usize;
    let recipe = Recipe { threads: args.threads.map(|threads| threads as usize), ..args.network.recipe() };
    let graph = args.network.graph()?;
    let patterns = draw_patterns(&graph, &recipe).map_err(TrainError::from)?.patterns;
    let mut store = ParamStore::new(&graph, patterns).map_err(TrainError::from)?;
    initialize(&mut store, recipe.init_seed());
    let (images, labels) = synthetic(batch, graph.input().len(), graph.classes(), recipe.seed);
    let options =
        SessionOptions { max_batch: batch, threads: recipe.threads(), optimizer: recipe.optimizer() };
    let mut session = Session::new(graph, store, options).map_err(TrainError::Session)?;
    let mut times = Vec::with_capacity(args.steps as usize);
    for step in 0..args.warmup.saturating_add(args.steps) {
        let started = Instant::now();
        session.train_step(&images, &labels, recipe.lr).map_err(TrainError::Session)?;
        if step >= args.warmup {
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    let report = summarize(&mut times, batch, recipe.threads(), args.steps);
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

/// Standard normal images and uniform labels.
fn synthetic(batch: usize, pixels: usize, classes: usize, seed: u64) -> (Vec<f32>, Vec<u32>) {
    let mut stream = Stream::new(seed, Purpose::Synthetic, 0);
    let images = (0..batch * pixels).map(|_| stream.normal() as f32).collect();
    let labels = (0..batch).map(|_| stream.below(classes as u64) as u32).collect();
    (images, labels)
}

fn summarize(times: &mut [f64], batch: usize, threads: usize, steps: u32) -> Report {
    times.sort_by(f64::total_cmp);
    let middle = |index: usize| times.get(index).copied().unwrap_or(0.0);
    let median_ms = (middle((times.len() - 1) / 2) + middle(times.len() / 2)) / 2.0;
    Report {
        median_ms,
        min_ms: middle(0),
        images_per_sec: batch as f64 * 1e3 / median_ms,
        peak_rss_mb: machine::peak_rss_mb(),
        threads,
        isa: machine::isa(),
        steps,
    }
}

fn text(report: &Report) -> String {
    let Report { median_ms, min_ms, images_per_sec, peak_rss_mb, threads, isa, steps } = report;
    let memory = peak_rss_mb.map_or(String::new(), |mb| format!(", peak memory {mb:.0} MB"));
    format!(
        "median {median_ms:.2} ms a step (least {min_ms:.2}) over {steps} steps: {images_per_sec:.0} images/s with \
         {threads} threads, {isa}{memory}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_steps_is_between_the_middle_ones() {
        let report = summarize(&mut [4.0, 1.0, 3.0, 2.0], 10, 2, 4);
        assert_eq!((report.median_ms, report.min_ms, report.images_per_sec), (2.5, 1.0, 4000.0));
        assert_eq!(summarize(&mut [7.0], 7, 1, 1).median_ms, 7.0);
    }
}
