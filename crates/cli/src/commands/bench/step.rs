//! `rarefy bench step`.

use super::profile::{self, ProfileReport};
use super::timing::{Times, synthetic};
use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::output::{json, product};
use rarefy::core::Pattern;
use rarefy::nn::bench::Limits;
use rarefy::nn::params::{ParamStore, initialize};
use rarefy::nn::{Session, SessionOptions};
use rarefy::train::{Method, Moving, Recipe, TrainError, draw_patterns, machine};
use serde::Serialize;
use std::process::ExitCode;

/// Time whole training steps (forward, backward, optimizer) on random images.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Samples of a step
    #[arg(long, short, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: u32,
    /// Samples that share batch-norm statistics and a pass [default: the whole step]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    norm_batch: Option<u32>,
    /// Worker threads [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) threads: Option<u32>,
    /// Steps measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Steps before measuring
    #[arg(long, default_value_t = 3)]
    warmup: u32,
    /// Time evaluation (forward pass with running statistics) instead of training
    #[arg(long)]
    eval: bool,
    /// Show where the time goes: phases, layers, and how near they are to the machine's limits
    #[arg(long)]
    profile: bool,
    /// Time also steps that change the pattern, as this method does
    #[arg(long, conflicts_with = "eval")]
    method: Option<Method>,
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
    /// Of a step that changes the pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    update_median_ms: Option<f64>,
    /// Weights that such a step adds, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    update_grown: Option<f64>,
    /// As a multiple of a plain step's.
    #[serde(skip_serializing_if = "Option::is_none")]
    update_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileReport>,
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let batch = args.batch_size as usize;
    let recipe = Recipe { threads: args.threads.map(|threads| threads as usize), ..args.network.recipe() };
    let graph = args.network.graph()?;
    let patterns = draw_patterns(&graph, &recipe)?.patterns;
    let mut store = ParamStore::new(&graph, patterns).map_err(TrainError::from)?;
    initialize(&mut store, recipe.init_seed());
    let (pixels, classes) = (graph.input().len(), graph.classes());
    let options =
        SessionOptions { max_batch: batch, threads: recipe.threads(), optimizer: recipe.optimizer() };
    let most = args.norm_batch.map_or(batch, |most| most as usize);
    let mut session = Session::in_groups(graph, store, options, most).map_err(TrainError::Session)?;
    // After the session, which knows whether such a batch fits.
    let (images, labels) = synthetic(batch, pixels, classes, recipe.seed)?;
    let step = |session: &mut Session| match args.eval {
        true => session.evaluate(&images, &labels).map_err(TrainError::Session),
        false => session.train_step(&images, &labels, recipe.lr).map_err(TrainError::Session),
    };
    for _ in 0..args.warmup {
        step(&mut session)?;
    }
    if args.profile {
        session.start_profile();
    }
    let mut times = Times::default();
    for _ in 0..args.steps {
        times.measure(|| step(&mut session))?;
    }
    let median_ms = times.median_ms();
    // Before the limits are measured, which takes memory of its own.
    let peak_rss_mb = machine::peak_rss_mb();
    let profile = match args.profile {
        true => {
            let limits = Limits::measure(session.plan().isa(), recipe.threads());
            let limits = limits.map_err(TrainError::Session)?;
            Some(profile::report(&session.finish_profile(u64::from(args.steps)), &limits, recipe.threads()))
        }
        false => None,
    };
    let updates = match args.method {
        Some(method) => Some(updates(args, method, &recipe, &mut session, &images, &labels)?),
        None => None,
    };
    let update_median_ms = updates.map(|updates| updates.median_ms);
    let report = Report {
        update_median_ms,
        update_grown: updates.map(|updates| updates.grown),
        update_ratio: update_median_ms.map(|update| update / median_ms),
        median_ms,
        min_ms: times.min_ms(),
        images_per_sec: batch as f64 * 1e3 / median_ms,
        peak_rss_mb,
        threads: recipe.threads(),
        isa: machine::isa(),
        steps: args.steps,
        profile,
    };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report, args.eval))?
    }
    Ok(ExitCode::SUCCESS)
}

/// Steps from one that changes the pattern to the next. Right after it what just grew would be dropped and grown again, and
/// nothing would move.
const BETWEEN: u64 = 5;

/// Steps that change the pattern.
#[derive(Clone, Copy)]
struct Updates {
    median_ms: f64,
    /// Weights that came, on average.
    grown: f64,
}

/// Times the steps that change the pattern, among others that do not.
fn updates(
    args: &Args,
    method: Method,
    recipe: &Recipe,
    session: &mut Session,
    images: &[f32],
    labels: &[u32],
) -> Result<Updates, Failure> {
    let mut recipe = Recipe { method, epochs: 1, ..recipe.clone() };
    recipe.dynamic.update_every = Some(BETWEEN);
    recipe.dynamic.update_until = Some(1.0);
    // So long a run that the first updates exchange as much as any.
    let Some(mut moving) = Moving::new(&recipe, 1_000_000, session)? else {
        return Err(Failure::usage(format!("{method} changes no pattern")).hint("choose another --method"));
    };
    let (mut times, mut grown) = (Times::default(), 0);
    let mut step = |session: &mut Session, at| moving.step(session, images, labels, recipe.lr, at);
    for update in 1..=u64::from(args.steps) {
        for at in (update - 1) * BETWEEN + 1..update * BETWEEN {
            step(session, at)?;
        }
        let before = session.store().patterns().iter().map(Pattern::try_clone);
        let before = before.collect::<Result<Vec<_>, _>>()?;
        times.measure(|| step(session, update * BETWEEN))?;
        grown +=
            before.iter().zip(session.store().patterns()).map(|(old, new)| added(old, new)).sum::<usize>();
    }
    Ok(Updates { median_ms: times.median_ms(), grown: grown as f64 / f64::from(args.steps) })
}

/// Weights of `new` that `old` has not.
fn added(old: &Pattern, new: &Pattern) -> usize {
    let mut before = old.iter_positions().peekable();
    let blocks = new.iter_positions().filter(|position| {
        while before.next_if(|old| old < position).is_some() {}
        before.next_if_eq(position).is_none()
    });
    blocks.count() * new.block().len()
}

fn text(report: &Report, eval: bool) -> String {
    let Report { median_ms, min_ms, images_per_sec, peak_rss_mb, threads, isa, steps, .. } = report;
    let update = report.update_median_ms.zip(report.update_ratio).map_or(String::new(), |(ms, ratio)| {
        let grown = report.update_grown.unwrap_or(0.0);
        format!(
            "median {ms:.2} ms a step that changes the pattern ({grown:.0} weights on average): {ratio:.2} times a plain one\n"
        )
    });
    let what = if eval { "a batch" } else { "a step" };
    let memory = peak_rss_mb.map_or(String::new(), |mb| format!(", peak memory {mb:.0} MB"));
    let profile = report.profile.as_ref().map_or(String::new(), |profile| profile::text(profile) + "\n");
    format!(
        "{profile}median {median_ms:.2} ms {what} (least {min_ms:.2}) over {steps} steps: {images_per_sec:.0} images/s \
         with {threads} threads, {isa}{memory}\n{update}"
    )
}
