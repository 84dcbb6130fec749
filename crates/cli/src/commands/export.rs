//! `rarefy export`.

use crate::failure::Failure;
use crate::output::note;
use clap::ValueEnum;
use rarefy::formats::export::safetensors::save_dense;
use rarefy::train::{TrainError, Trained};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a trained network for other programs.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    /// Folder of a run (its best epoch, without validation its last) or checkpoint
    #[arg(value_name = "RUN|CKPT")]
    network: PathBuf,
    /// File format
    #[arg(long, value_enum, default_value_t = Format::Safetensors)]
    format: Format,
    /// Every weight, with zeros where none exists, under PyTorch's names: what `load_state_dict` takes
    #[arg(long)]
    dense: bool,
    /// The file to write
    #[arg(long, short, value_name = "F")]
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Safetensors,
}

/// Writes the file.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let Format::Safetensors = args.format;
    if !args.dense {
        return Err(Failure::usage("only the dense network can be exported yet").hint(
            "add --dense; a checkpoint itself is a safetensors file of the existing weights (docs/formats.md)",
        ));
    }
    let trained = Trained::load(&args.network)?;
    let canonical = |path: &Path| path.canonicalize().ok();
    if canonical(&args.out).is_some_and(|out| canonical(&trained.path) == Some(out)) {
        return Err(Failure::usage("the checkpoint would be overwritten").hint("choose another --out"));
    }
    save_dense(&args.out, &trained.checkpoint).map_err(TrainError::from)?;
    let meta = &trained.checkpoint.meta;
    note(format_args!("{} of epoch {} written to {}", meta.model, meta.epoch, args.out.display()));
    Ok(ExitCode::SUCCESS)
}
