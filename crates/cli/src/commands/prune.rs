//! `rarefy prune`.

use crate::failure::Failure;
use crate::output::{json, note};
use rarefy::core::Density;
use rarefy::formats::{Checkpoint, Meta, checkpoint};
use rarefy::train::{PruneScope, TrainError, Trained, prune};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Remove the weights of least magnitude of a trained network.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    /// Folder of a run (its best epoch, without validation its last) or checkpoint
    #[arg(value_name = "RUN|CKPT")]
    network: PathBuf,
    /// Fraction of prunable weights that stay, below the network's own density
    #[arg(long, short, allow_hyphen_values = true)]
    density: Density,
    /// What competes: `global`, all weights, or `layer`, each layer's among themselves
    #[arg(long, default_value = "global")]
    scope: PruneScope,
    /// The checkpoint to write
    #[arg(long, short, value_name = "F")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is left.
#[derive(Serialize)]
struct Report {
    nnz: u64,
    density: f64,
    layers: Vec<LayerReport>,
}

#[derive(Serialize)]
struct LayerReport {
    name: String,
    nnz: usize,
    density: f64,
}

/// Prunes and writes the checkpoint.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let trained = Trained::load(&args.network)?;
    let canonical = |path: &Path| path.canonicalize().ok();
    if canonical(&args.out).is_some_and(|out| canonical(&trained.path) == Some(out)) {
        return Err(Failure::usage("the checkpoint would be overwritten").hint("choose another --out"));
    }
    let Checkpoint { meta, mut store, .. } = trained.checkpoint;
    prune(&mut store, args.density, args.scope)?;
    // No run stands here: it can be trained from, not resumed.
    let meta = Meta { state: serde_json::Value::Null, ..meta };
    checkpoint::save(&args.out, &meta, &store).map_err(TrainError::from)?;
    let layers = store.views().iter().filter_map(|view| {
        let pattern = &store.patterns()[view.pattern?];
        let (name, nnz, density) = (view.parameter.name.clone(), pattern.nnz(), pattern.fraction());
        Some(LayerReport { name, nnz, density })
    });
    let layers: Vec<LayerReport> = layers.collect();
    let weights: usize = store.patterns().iter().map(|pattern| pattern.shape().len()).sum();
    let density = store.nnz() as f64 / weights.max(1) as f64;
    note(format_args!(
        "{} weights of {weights} ({:.2} %) written to {}",
        store.nnz(),
        100.0 * density,
        args.out.display()
    ));
    if args.json {
        json(&Report { nnz: store.nnz(), density, layers })?;
    }
    Ok(ExitCode::SUCCESS)
}
