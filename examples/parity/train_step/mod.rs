//! `train_step_MODEL.safetensors` with its `.json`: steps of masked training, on both executors.

mod fast;
pub(crate) mod golden;
mod reference;

use crate::tally::{Outcome, Tally};
use golden::Golden;
use std::path::Path;

/// Runs the file's steps on the f64 reference executor and on the fast engine, and compares everything it holds.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let golden = Golden::read(path)?;
    let mut listing = Tally::default();
    golden.check_parameters(&mut listing)?;
    let parts = vec![
        ("parameters", listing),
        ("reference", reference::check(&golden)?),
        ("fast", fast::check(&golden)?),
    ];
    // A session returns the loss of a training step, not its logits; the reference executor's are compared.
    let skipped = (1..=golden.steps).map(|step| format!("logits.step{step} on the fast engine")).collect();
    Ok(Outcome::new(parts, skipped))
}
