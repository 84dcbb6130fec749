//! A checkpoint that cannot be gone on from, and the way on.

use crate::error::TrainError;
use crate::run_dir::files;
use rarefy_formats::{Checkpoint, FormatError};
use rarefy_nn::graph::Graph;
use std::path::Path;

/// What is wrong with the checkpoint at `path`, and whether the other one of its run is sound.
pub(crate) fn damaged(path: &Path, graph: &Graph, error: FormatError) -> TrainError {
    match error {
        FormatError::Io { .. } => error.into(),
        error => lost(path, graph, error),
    }
}

/// The checkpoint at `path` is lost to the run for whatever reason.
pub(super) fn lost(path: &Path, graph: &Graph, error: FormatError) -> TrainError {
    let others = [files::LAST, files::BEST].map(|file| path.with_file_name(file));
    let sound = others.into_iter().filter(|other| other != path).find_map(|other| {
        let epoch = Checkpoint::load_for(&other, graph).ok()?.meta.epoch;
        Some((other, epoch))
    });
    TrainError::Damaged { source: Box::new(error), sound }
}
