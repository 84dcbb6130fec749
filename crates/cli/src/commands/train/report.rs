//! What people are told before and after a run.

use super::Args;
use crate::failure::Failure;
use crate::format::{duration, grouped, percent, scaled};
use crate::output::{Tone, json, note, say};
use rarefy::formats::Seeds;
use rarefy::train::{Extension, Matched, Movement, Outlook, ResumePoint, Summary, Trainer};
use serde::Serialize;
use std::path::Path;

/// The summary and where the run is, for machines.
#[derive(Serialize)]
struct Product<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    out: &'a Path,
}

/// What is about to be trained.
pub(super) fn start(trainer: &Trainer, outlook: &Outlook, folder: &Path) {
    let (recipe, counts) = (trainer.recipe(), trainer.counts());
    let updates = outlook.updates_planned.map_or(String::new(), |planned| {
        format!(", {} with {} updates planned", recipe.method, grouped(planned))
    });
    note(format_args!(
        "{} on {}: {} of {} weights ({}, {}){updates}, {} epochs, in {}",
        recipe.model,
        recipe.data,
        grouped(counts.nnz),
        grouped(counts.weights),
        percent(counts.density()),
        recipe.sparse_init,
        recipe.total_epochs(),
        folder.display()
    ));
}

/// How it went: a table on standard error, JSON on standard output if asked for.
pub(super) fn done(args: &Args, summary: &Summary, folder: &Path) -> Result<(), Failure> {
    if !args.quiet {
        let share = |value: Option<f64>| value.map_or("none".to_owned(), percent);
        let macs = summary.macs_sparse as f64 / summary.macs_dense as f64;
        let memory = summary.peak_rss_mb.map_or("unknown".to_owned(), |mb| format!("{mb:.0} MB"));
        let rows = [
            (
                "test accuracy",
                format!("{} (last epoch {})", share(summary.test_acc), share(summary.test_acc_last)),
            ),
            (
                "best epoch",
                format!("{} (validation accuracy {})", summary.best_epoch, share(summary.val_acc)),
            ),
            ("network", format!("{} on {}, {}", summary.model, summary.data, seeds(summary))),
            (
                "weights",
                format!("{} ({}, {})", grouped(summary.nnz), percent(summary.density), summary.sparse_init),
            ),
            ("method", method(summary)),
            ("MACs an image", format!("{} ({} of dense)", scaled(summary.macs_sparse as f64), percent(macs))),
            ("training FLOPs", scaled(summary.train_flops)),
            ("time", duration(summary.seconds)),
            ("peak memory", memory),
            ("kept in", folder.display().to_string()),
        ];
        for (name, value) in rows {
            note(format_args!("{name:<16}{value}"));
        }
    }
    if args.json { json(&Product { summary, out: folder }) } else { Ok(()) }
}

/// The seeds, or the one that they all are.
fn seeds(summary: &Summary) -> String {
    match summary.seeds {
        None => "seeds unknown".to_owned(),
        Some(Seeds { mask, init, data }) if mask == init && init == data => format!("seed {mask}"),
        Some(Seeds { mask, init, data }) => format!("seeds {mask} (mask), {init} (init), {data} (data)"),
    }
}

/// The training method and what it did.
fn method(summary: &Summary) -> String {
    let Some(Movement { updates_planned, updates, exchanged, explored }) = &summary.movement else {
        return summary.method.clone();
    };
    format!(
        "{}: {updates} of {updates_planned} updates, {} weights exchanged, R_s {explored:.3}",
        summary.method,
        grouped(*exchanged)
    )
}

/// That there is nothing to go on with.
pub(super) fn finished(point: &ResumePoint) {
    let epochs = point.recipe.total_epochs();
    let (folder, more) = (point.folder.display(), point.recipe.epochs.saturating_mul(2));
    note(format_args!(
        "the run in {folder} is finished: its {epochs} epochs are done; more, such as --epochs {more}, train it on"
    ));
}

/// What an extension does to the schedules.
pub(super) fn extended(extension: &Extension) {
    let Extension { epochs: (before, after), lr: (last, next), lr_schedule, updates } = extension;
    note(format_args!(
        "rate {} at the end of epoch {before}; goes on at {} as {lr_schedule} over {after} epochs has it",
        rate(*last),
        rate(*next)
    ));
    match updates {
        Some((Some(last), steps)) => note(format_args!("the pattern moves until step {last} of {steps}")),
        Some((None, _)) => note(format_args!("the pattern stays as it then is")),
        None => {}
    }
}

/// A learning rate in three digits.
fn rate(rate: f64) -> f64 {
    format!("{rate:.2e}").parse().unwrap_or(rate)
}

/// That the beginning of the metrics is lost.
pub(super) fn missing_records(epochs: u32) {
    if epochs > 0 {
        say(
            Tone::Warning,
            format_args!("metrics.jsonl has no line of the first {epochs} epochs; it goes on without them"),
        );
    }
}

/// How to go on.
pub(super) fn interrupted(step: u64, folder: &Path) {
    let folder = folder.display();
    note(format_args!("interrupted after step {step}; continue with `rarefy train --resume={folder}`"));
}

/// The dense network that `--match` chose.
pub(super) fn matched(matched: &Matched) {
    let Matched { by, sparse, density, wanted, dense, found } = matched;
    note(format_args!(
        "match: {dense}, dense, has {} {by}, {sparse} of density {density} has {}",
        grouped(*found),
        grouped(*wanted)
    ));
}
