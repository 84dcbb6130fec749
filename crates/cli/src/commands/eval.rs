//! `rarefy eval`.

use crate::args::data_help;
use crate::failure::Failure;
use crate::format::{grouped, percent};
use crate::output::{json, product};
use crate::table::Table;
use clap::ValueEnum;
use rarefy::data::{Dataset, Split};
use rarefy::train::{Recipe, Scores, TrainError, Trained};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Score trained networks: accuracy, loss, top-5, accuracy of each class.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    /// Folders of runs (their best epoch, without validation their last) or checkpoints
    #[arg(required = true, value_name = "RUN|CKPT")]
    networks: Vec<PathBuf>,
    #[arg(long, help = format!("{} [default: the network's own]", data_help()))]
    data: Option<String>,
    /// Folder of the data set's files [default: that of the run]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Part of the data set
    #[arg(long, value_enum, default_value_t = SplitName::Test)]
    split: SplitName,
    /// Samples of a batch [default: that of the run]
    #[arg(long, short, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: Option<u32>,
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    threads: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum SplitName {
    Test,
    Validation,
    Train,
}

#[derive(Serialize)]
struct Report {
    results: Vec<Score>,
}

/// One network on one split.
#[derive(Serialize)]
struct Score {
    checkpoint: PathBuf,
    model: String,
    step: u64,
    epoch: u64,
    nnz: u64,
    density: f64,
    data: String,
    split: SplitName,
    samples: u64,
    accuracy: f64,
    top5: f64,
    loss: f64,
    per_class: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    class: usize,
    samples: u64,
    accuracy: Option<f64>,
}

/// Scores and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let results =
        args.networks.iter().map(|path| score(args, Trained::load(path)?)).collect::<Result<_, _>>()?;
    let report = Report { results };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

fn score(args: &Args, trained: Trained) -> Result<Score, Failure> {
    let recipe = data_recipe(args, &trained)?;
    let dataset = recipe.open_data().map_err(TrainError::from)?;
    let batch_size = args.batch_size.map_or(recipe.test_batch_size(), |size| size as usize);
    let threads = Recipe { threads: args.threads.map(|threads| threads as usize), ..recipe }.threads();
    let split = match args.split {
        SplitName::Test => Split::Test,
        SplitName::Validation => Split::Validation,
        SplitName::Train => Split::Train,
    };
    let scores = trained.score(&dataset, split, batch_size, threads)?;
    Ok(describe(trained, &dataset, args.split, &scores))
}

/// The recipe whose data are to be opened: the run's own, or the defaults of `--data`.
fn data_recipe(args: &Args, trained: &Trained) -> Result<Recipe, Failure> {
    let own = trained.recipe.as_ref();
    let mut recipe = match (&args.data, own) {
        (Some(data), Some(own)) if rarefy::core::same_name(data, &own.data) => own.clone(),
        (Some(data), _) => Recipe::for_data(data),
        (None, Some(own)) => own.clone(),
        (None, None) => {
            return Err(Failure::usage(format!(
                "{} does not say what it was trained on",
                trained.path.display()
            ))
            .hint("name the data set with --data"));
        }
    };
    if args.data_dir.is_some() {
        recipe.data_dir.clone_from(&args.data_dir);
    }
    Ok(recipe)
}

fn describe(trained: Trained, dataset: &Arc<dyn Dataset>, split: SplitName, scores: &Scores) -> Score {
    let Trained { path, checkpoint, .. } = trained;
    let (meta, store) = (checkpoint.meta, checkpoint.store);
    let weights: u64 = store.patterns().iter().map(|pattern| pattern.shape().len() as u64).sum();
    let class = |(class, score): (usize, &rarefy::train::ClassScore)| Class {
        class,
        samples: score.samples,
        accuracy: score.accuracy(),
    };
    Score {
        checkpoint: path,
        model: meta.model,
        step: meta.step,
        epoch: meta.epoch,
        nnz: store.nnz(),
        density: store.nnz() as f64 / weights as f64,
        data: dataset.name().to_owned(),
        split,
        samples: scores.samples(),
        accuracy: scores.accuracy(),
        top5: scores.top5(),
        loss: scores.loss(),
        per_class: scores.classes().iter().enumerate().map(class).collect(),
    }
}

/// A row a network; for a single one the classes too.
fn text(report: &Report) -> String {
    let head = ["checkpoint", "model", "data", "epoch", "nnz", "samples", "accuracy", "top-5", "loss"];
    let mut table = Table::new(&head, 3);
    for score in &report.results {
        table.row([
            score.checkpoint.display().to_string(),
            score.model.clone(),
            score.data.clone(),
            score.epoch.to_string(),
            grouped(score.nnz),
            grouped(score.samples),
            percent(score.accuracy),
            percent(score.top5),
            format!("{:.4}", score.loss),
        ]);
    }
    let [score] = &report.results[..] else { return table.render() };
    let mut classes = Table::new(&["class", "samples", "accuracy"], 0);
    for Class { class, samples, accuracy } in &score.per_class {
        classes.row([class.to_string(), grouped(*samples), accuracy.map_or("none".to_owned(), percent)]);
    }
    format!("{}\n{}", table.render(), classes.render())
}
