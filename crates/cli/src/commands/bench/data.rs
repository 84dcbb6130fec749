//! `rarefy bench data`.

use super::timing::Times;
use crate::args::{data_help, init_help, model_help};
use crate::failure::Failure;
use crate::output::{json, product};
use rarefy::core::Density;
use rarefy::data::{Batch, Loader, Pass};
use rarefy::nn::Session;
use rarefy::train::{Recipe, Setup, TrainError, Trainer, machine};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// Time the input pipeline: augmented batches by themselves, and training steps with and without it.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[arg(long, default_value = "cifar10", help = data_help())]
    data: String,
    /// Folder of all data sets [default: RAREFY_DATA, else rarefy in the user's data folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[arg(long, short = 'm', default_value = "cifar_resnet_20", help = model_help())]
    model: String,
    /// Fraction of prunable weights that exist, above 0 and at most 1 (dense)
    #[arg(long, default_value = "0.05", allow_hyphen_values = true)]
    density: Density,
    #[arg(long, default_value = "erk", help = init_help())]
    sparse_init: String,
    /// Samples of a batch
    #[arg(long, short, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: u32,
    /// Worker threads of the steps; one more makes the batches [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) threads: Option<u32>,
    /// Batches measured
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batches: u32,
    /// Steps measured with and as many without the pipeline
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Seed of everything that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Medians, in milliseconds.
#[derive(Serialize)]
struct Report {
    data: String,
    model: String,
    batch_size: usize,
    /// The loader's thread for a whole augmented batch, nothing else running.
    batch_ms: f64,
    images_per_sec: f64,
    /// A step on one batch again and again.
    step_ms: f64,
    /// A step with its wait for the next batch, which is made meanwhile.
    fed_step_ms: f64,
    /// That wait alone.
    wait_ms: f64,
    /// `batch_ms / step_ms`: an upper bound of what the pipeline can cost, all cores busy or not.
    share: f64,
    threads: usize,
    isa: &'static str,
}

/// Steps in a row of one kind. The kinds take turns, so that both see the same moods of the machine.
const TURN: u32 = 10;

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let recipe = Recipe {
        data_dir: args.data_dir.clone(),
        model: args.model.clone(),
        density: args.density,
        sparse_init: args.sparse_init.clone(),
        batch_size: args.batch_size as usize,
        threads: args.threads.map(|threads| threads as usize),
        seed: args.seed,
        ..Recipe::for_data(&args.data)
    };
    let setup = Setup::from_recipe(recipe)?;
    let dataset = Arc::clone(&setup.dataset);
    let mut trainer = Trainer::new(setup)?;
    let Recipe { lr, seed, batch_size, .. } = *trainer.recipe();
    let loader = Loader::new(Arc::clone(&dataset), Pass::Train { seed }, batch_size);
    let mut loader = loader.map_err(TrainError::from)?;
    // Two batches warm up, one is measured.
    if loader.samples() / 3 < batch_size {
        let (data, samples) = (dataset.name(), loader.samples());
        return Err(Failure::usage(format!(
            "{data} has {samples} training images, fewer than three batches"
        ))
        .hint("lower --batch-size"));
    }
    let batches = time_batches(&mut loader, args.batches)?;
    let [alone, fed, waits] = time_steps(&mut loader, trainer.session(), lr, args.steps)?;
    let report = Report {
        data: dataset.name().to_owned(),
        model: trainer.recipe().model.clone(),
        batch_size,
        batch_ms: batches.median_ms(),
        images_per_sec: batch_size as f64 * 1e3 / batches.median_ms(),
        step_ms: alone.median_ms(),
        fed_step_ms: fed.median_ms(),
        wait_ms: waits.median_ms(),
        share: batches.median_ms() / alone.median_ms(),
        threads: trainer.recipe().threads(),
        isa: machine::isa(),
    };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

/// Times from one batch to the next while nothing but the loader's thread works.
fn time_batches(loader: &mut Loader, batches: u32) -> Result<Times, Failure> {
    let mut times = Times::default();
    let mut epoch = 0;
    while times.len() < batches as usize {
        let mut pass = loader.epoch(epoch, 0).map_err(TrainError::from)?;
        while times.len() < batches as usize {
            let started = Instant::now();
            if pass.next_batch().map_err(TrainError::from)?.is_none() {
                break;
            }
            times.push_since(started);
        }
        epoch += 1;
    }
    Ok(times)
}

/// Times of steps on one batch again and again, of steps fed by the loader, and of these steps' waits for their batch.
fn time_steps(
    loader: &mut Loader,
    session: &mut Session,
    lr: f64,
    steps: u32,
) -> Result<[Times; 3], Failure> {
    let [mut alone, mut fed, mut waits] = [Times::default(), Times::default(), Times::default()];
    let mut step = |batch: &Batch| {
        session.train_step(&batch.images, &batch.labels, lr).map(|_| ()).map_err(TrainError::Session)
    };
    let mut epoch = 0;
    while fed.len() < steps as usize {
        let turn = TURN.min(steps - fed.len() as u32);
        let mut pass = loader.epoch(epoch, 0).map_err(TrainError::from)?;
        // The first step of each kind warms up. The loader then has no room for more, and rests.
        let batch = pass.next_batch().map_err(TrainError::from)?.cloned().unwrap_or_default();
        step(&batch)?;
        for _ in 0..turn {
            alone.measure(|| step(&batch))?;
        }
        for measured in [false].into_iter().chain((0..turn).map(|_| true)) {
            let started = Instant::now();
            let Some(next) = pass.next_batch().map_err(TrainError::from)? else { break };
            let waited = started.elapsed();
            step(next)?;
            if measured && next.len() == batch.len() {
                waits.push(waited.as_secs_f64() * 1e3);
                fed.push_since(started);
            }
        }
        epoch += 1;
    }
    Ok([alone, fed, waits])
}

fn text(report: &Report) -> String {
    let Report { batch_ms, images_per_sec, step_ms, fed_step_ms, wait_ms, threads, isa, .. } = report;
    let percent = 100.0 * report.share;
    format!(
        "median {batch_ms:.3} ms a batch of {} from {}: {images_per_sec:.0} images/s on one thread\n\
         a step of {} takes {step_ms:.2} ms without the pipeline, {fed_step_ms:.2} with it ({wait_ms:.3} of it waiting)\n\
         a batch is {percent:.2} % of a step ({threads} threads, {isa})\n",
        report.batch_size, report.data, report.model
    )
}
