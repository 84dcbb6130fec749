//! The folder of a run.

mod error;
mod folder;
mod lock;
mod metrics;
mod records;

pub use error::RunDirError;
pub use folder::check_output_folder;

use crate::error::TrainError;
use crate::flow::GradientFlow;
use crate::keeper::{Keeper, push_record};
use crate::metrics::{EpochRecord, Summary};
use crate::progress::Position;
use crate::recipe::Recipe;
use lock::Lock;
use rarefy_formats::{Checkpoint, Extras, FormatError, Meta, atomic_write, checkpoint, remove_temporaries};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::ParamStore;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Names of the files of a run.
pub mod files {
    /// The recipe, complete and re-runnable.
    pub const RECIPE: &str = "recipe.toml";
    /// One JSON line per epoch.
    pub const METRICS: &str = "metrics.jsonl";
    /// The latest position.
    pub const LAST: &str = "last.ckpt";
    /// The best epoch by validation accuracy.
    pub const BEST: &str = "best.ckpt";
    /// One JSON line per logged step.
    pub const GRADIENT_FLOW: &str = "gradient_flow.jsonl";
    /// What the finished run came to.
    pub const SUMMARY: &str = "summary.json";
    /// All of them.
    pub const ALL: [&str; 6] = [RECIPE, METRICS, LAST, BEST, GRADIENT_FLOW, SUMMARY];
}

/// Folder in which unnamed runs are kept.
const RUNS: &str = "runs";

/// A run's folder, held by this process alone: `recipe.toml`, `metrics.jsonl`, `last.ckpt`, `best.ckpt`, `summary.json`.
///
/// Every file is whole at every moment, so a killed run can be resumed from what is there.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    records: Vec<EpochRecord>,
    flows: Vec<GradientFlow>,
    _lock: Lock,
}

impl RunDir {
    /// Whether `path` holds a run, or part of one.
    pub fn is_run(path: &Path) -> bool {
        files::ALL.iter().any(|file| path.join(file).exists())
    }

    /// Whether a run may start in `path`: in a new folder, or an empty one.
    ///
    /// # Errors
    /// A folder that holds a run already, or something else.
    pub fn check_new(path: &Path) -> Result<(), TrainError> {
        if Self::is_run(path) {
            return Err(RunDirError::Taken { path: path.to_owned() }.into());
        }
        Ok(check_output_folder(path, |_| false)?)
    }

    /// Starts a run in `path`, or in a new folder `runs/MODEL-INIT-DENSITY-sSEED-N`, and writes its recipe.
    ///
    /// # Errors
    /// As [`RunDir::check_new`]; a folder that cannot be made or cannot be written.
    pub fn create(path: Option<&Path>, recipe: &Recipe) -> Result<Self, TrainError> {
        let text = recipe.to_toml()?;
        let path = match path {
            Some(path) => {
                Self::check_new(path)?;
                std::fs::create_dir_all(path)
                    .map_err(|source| RunDirError::Create { path: path.to_owned(), source })?;
                path.to_owned()
            }
            None => create_unnamed(Path::new(RUNS), recipe)?,
        };
        let lock = Lock::take(&path)?;
        // Once more, now that nobody else can start one.
        Self::check_new(&path)?;
        remove_temporaries(&path);
        write_text(&path.join(files::RECIPE), &text)?;
        Ok(Self { path, records: Vec::new(), flows: Vec::new(), _lock: lock })
    }

    /// Opens the folder of a run to continue it, and clears away what a killed writer left.
    ///
    /// # Errors
    /// A folder without a run, or one that another process works in; records that cannot be read.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        if !Self::is_run(path) {
            return Err(RunDirError::NoRun { path: path.to_owned() }.into());
        }
        let lock = Lock::take(path)?;
        remove_temporaries(path);
        let records = metrics::read(&path.join(files::METRICS))?;
        let flows = metrics::read(&path.join(files::GRADIENT_FLOW))?;
        Ok(Self { path: path.to_owned(), records, flows, _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the run's recipe if it is missing, or is that of a shorter run. Of the latter all is kept but the epochs.
    ///
    /// # Errors
    /// A recipe that is there and cannot be read, a file that cannot be written.
    pub fn keep_recipe(&mut self, recipe: &Recipe) -> Result<(), TrainError> {
        let path = self.path.join(files::RECIPE);
        let mut recipe = recipe.clone();
        if path.exists() {
            let kept = Recipe::load(&path)?;
            if kept.extended_from == recipe.extended_from {
                return Ok(());
            }
            recipe = Recipe { epochs: recipe.epochs, extended_from: recipe.extended_from, ..kept };
            // First, so that no summary of the shorter run ever lies beside the recipe of the longer one.
            self.remove_summary()?;
        }
        write_text(&path, &recipe.to_toml()?)
    }

    /// The summary of the run in `path`, if it is finished.
    pub fn finished(path: &Path) -> Option<Summary> {
        let text = std::fs::read_to_string(path.join(files::SUMMARY)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Number of epochs of which the run in `path` has a record.
    pub(crate) fn recorded(path: &Path) -> Result<usize, TrainError> {
        Ok(metrics::read::<EpochRecord>(&path.join(files::METRICS))?.len())
    }

    /// The gradient norms that the run in `path` logged; none if it logged none.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else.
    pub fn gradient_flows(path: &Path) -> Result<Vec<GradientFlow>, TrainError> {
        Ok(metrics::read(&path.join(files::GRADIENT_FLOW))?)
    }

    /// A run that goes on is not finished, whatever it was.
    fn remove_summary(&self) -> Result<(), TrainError> {
        let path = self.path.join(files::SUMMARY);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(FormatError::Io { action: "remove", path, source }.into())
            }
            _ => Ok(()),
        }
    }

    fn write_flows(&self) -> Result<(), TrainError> {
        write_text(&self.path.join(files::GRADIENT_FLOW), &metrics::to_lines(&self.flows))
    }

    fn write_records(&self) -> Result<(), TrainError> {
        write_text(&self.path.join(files::METRICS), &metrics::to_lines(&self.records))
    }
}

impl Keeper for RunDir {
    fn gradient_flow(&mut self, flow: GradientFlow) {
        self.flows.push(flow);
    }

    fn save_last(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        // Before the position: a resumed run cuts what lies after it.
        if !self.flows.is_empty() {
            self.write_flows()?;
        }
        Ok(checkpoint::save_with(&self.path.join(files::LAST), meta, store, extras)?)
    }

    fn save_best(&mut self, meta: &Meta, store: &ParamStore, extras: &Extras) -> Result<(), TrainError> {
        Ok(checkpoint::save_with(&self.path.join(files::BEST), meta, store, extras)?)
    }

    fn load_best(&mut self, graph: &Graph) -> Result<Checkpoint, TrainError> {
        Ok(Checkpoint::load_for(&self.path.join(files::BEST), graph)?)
    }

    fn record(&mut self, record: &EpochRecord) -> Result<(), TrainError> {
        push_record(&mut self.records, record);
        self.write_records()
    }

    fn cut(&mut self, position: &Position) -> Result<(), TrainError> {
        self.check_records(position)?;
        self.remove_summary()?;
        let before = (self.flows.len(), self.records.len());
        self.flows.retain(|flow| flow.step <= position.step);
        self.records.retain(|record| record.epoch <= position.epoch);
        if self.flows.len() != before.0 {
            self.write_flows()?;
        }
        if self.records.len() == before.1 { Ok(()) } else { self.write_records() }
    }

    fn records(&self) -> &[EpochRecord] {
        &self.records
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), TrainError> {
        write_text(&self.path.join(files::SUMMARY), &metrics::pretty(summary))
    }
}

/// The first free `MODEL-INIT-DENSITY-sSEED-N` under `runs`; made by one process only, however many ask at once.
fn create_unnamed(runs: &Path, recipe: &Recipe) -> Result<PathBuf, RunDirError> {
    let failed = |path: &Path, source| RunDirError::Create { path: path.to_owned(), source };
    std::fs::create_dir_all(runs).map_err(|source| failed(runs, source))?;
    let Recipe { model, sparse_init, density, seed, .. } = recipe;
    let mut number = 1u64;
    loop {
        let path = runs.join(format!("{model}-{sparse_init}-{density}-s{seed}-{number}"));
        match std::fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(source) => return Err(failed(&path, source)),
        }
    }
}

fn write_text(path: &Path, text: &str) -> Result<(), TrainError> {
    Ok(atomic_write(path, |file| file.write_all(text.as_bytes()))?)
}

#[cfg(test)]
mod tests;
