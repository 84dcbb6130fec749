//! The main job, end to end: the README's first command, shortened, and what it leaves behind.

use crate::process::{Outcome, cargo, run, say};
use crate::scratch::Scratch;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Epochs instead of the default's 40.
const EPOCHS: usize = 5;
/// Far above chance (0.1), below what so few epochs reach.
const LEAST_ACCURACY: f64 = 0.95;

/// Trains on the digits with the release build, in a temporary folder, and judges the run.
pub(super) fn train(root: &Path) -> Outcome {
    let scratch = Scratch::new("smoke")?;
    let folder = scratch.path().join("run");
    let epochs = EPOCHS.to_string();
    let out = folder.display().to_string();
    let args = ["run", "--release", "--", "train", "--epochs", &epochs, "--out", &out];
    run(&mut cargo(root, args))?;
    for file in ["recipe.toml", "last.ckpt", "best.ckpt"] {
        read(&folder.join(file))?;
    }
    let lines = read(&folder.join("metrics.jsonl"))?.split(|&byte| byte == b'\n').count() - 1;
    if lines != EPOCHS {
        return Err(format!("metrics.jsonl has {lines} lines after {EPOCHS} epochs"));
    }
    let summary = serde_json::from_slice(&read(&folder.join("summary.json"))?)
        .map_err(|error| format!("summary.json: {error}"))?;
    say(&judge(&summary)?);
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// One line about a sane run, or what is wrong with it.
fn judge(summary: &Value) -> Result<String, String> {
    let number = |key: &str| {
        let value = summary.get(key).and_then(Value::as_f64);
        value.ok_or_else(|| format!("summary.json has no number `{key}`"))
    };
    let (accuracy, density) = (number("test_acc")?, number("density")?);
    let (sparse, dense) = (number("macs_sparse")?, number("macs_dense")?);
    if !(LEAST_ACCURACY..=1.0).contains(&accuracy) {
        return Err(format!("test accuracy {accuracy:.4}, at least {LEAST_ACCURACY} was expected"));
    }
    // The default, realized to the nearest weight.
    if (density - 0.1).abs() > 1e-3 {
        return Err(format!("density {density}, 0.1 was asked for"));
    }
    if sparse >= dense {
        return Err(format!("{sparse} multiply-adds, not fewer than the dense network's {dense}"));
    }
    Ok(format!("test accuracy {accuracy:.4} at density {density:.4} after {EPOCHS} epochs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(change: impl Fn(&mut Value)) -> Result<String, String> {
        let mut summary = json!({"test_acc": 0.97, "density": 0.1, "macs_sparse": 10, "macs_dense": 100});
        change(&mut summary);
        judge(&summary)
    }

    #[test]
    fn a_sane_run_is_accepted() {
        assert_eq!(judged(|_| {}).unwrap(), "test accuracy 0.9700 at density 0.1000 after 5 epochs");
    }

    #[test]
    fn a_run_that_learned_nothing_or_was_not_sparse_is_refused() {
        for (key, value) in [("test_acc", json!(0.1)), ("density", json!(1.0)), ("macs_sparse", json!(100))] {
            assert!(judged(|summary| summary[key] = value.clone()).is_err(), "{key}");
        }
    }

    #[test]
    fn a_summary_without_a_number_is_refused_by_name() {
        let error = judged(|summary| summary["test_acc"] = Value::Null).unwrap_err();
        assert_eq!(error, "summary.json has no number `test_acc`");
    }
}
