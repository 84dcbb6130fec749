//! Compares this library with golden data: `cargo run --release --example parity -- DIR`.
//!
//! Reads every file of DIR whose kind it knows and prints one JSON object per file on standard output:
//! `{"file", "checked", "skipped", "max_rel_err", "ok", ...}`. Models, batches and hyperparameters come from the files.
//! Exit code: 0 all ok, 1 something is not ok, 2 nothing could be checked (usage, unreadable folder, no known file).

mod densities;
mod dst_steps;
mod eval_metrics;
mod json;
mod kinds;
mod saliency;
mod schedules;
mod tally;
mod tensors;
#[cfg(test)]
mod tests;
mod train_step;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [dir] = arguments.as_slice() else {
        eprintln!("usage: parity DIR    (a folder with {})", kinds::names());
        return ExitCode::from(2);
    };
    let dir = Path::new(dir);
    let found = match kinds::find(dir) {
        Ok(found) => found,
        Err(error) => {
            eprintln!("parity: cannot read {}: {error}", dir.display());
            return ExitCode::from(2);
        }
    };
    if found.is_empty() {
        eprintln!("parity: {} holds no file of a known kind; expected {}", dir.display(), kinds::names());
        return ExitCode::from(2);
    }
    let mut all_ok = true;
    for file in found {
        let outcome = file.check();
        println!("{}", outcome.to_json(&file.name));
        all_ok &= outcome.ok();
    }
    if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
