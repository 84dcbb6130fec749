//! Runs one program and reads the figures it prints.

use super::cases::{DENSITIES, Layer, Network};
use super::options::Options;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// glibc keeps its memory: the fairest setting for PyTorch, which allocates every activation anew.
const MALLOC: [(&str, &str); 3] =
    [("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "64000000000"), ("MALLOC_TOP_PAD_", "268435456")];

/// Samples of every step.
pub(super) const BATCH: usize = 128;

/// The programs.
pub(super) struct Programs {
    pub(super) rarefy: PathBuf,
    /// Python and the script; `None` leaves the peers out.
    pub(super) peer: Option<(PathBuf, PathBuf)>,
    pub(super) steps: usize,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time {
    pub(super) median_ms: f64,
    pub(super) min_ms: f64,
    pub(super) peak_rss_mb: f64,
}

/// A single layer in PyTorch, and in SparseProp at every density where it is there.
pub(super) struct PeerLayer {
    pub(super) torch: Time,
    pub(super) sparseprop: [Option<Time>; DENSITIES.len()],
}

impl Programs {
    pub(super) fn new(options: &Options, rarefy: PathBuf, peer: Option<(PathBuf, PathBuf)>) -> Self {
        Self { rarefy, peer, steps: options.steps }
    }

    /// A whole network in rarefy.
    pub(super) fn network(&self, network: &Network, flags: &[&str]) -> Result<Time, String> {
        let mut command = self.rarefy("step", network.threads);
        command.args(["--model", network.model, "--sparse-init", "erk"]).args(flags);
        if network.eval {
            command.arg("--eval");
        }
        time(&printed(&mut command)?)
    }

    /// The same in PyTorch; `None` without it.
    pub(super) fn torch(&self, network: &Network, masked: bool) -> Option<Result<Time, String>> {
        let mut command = self.peer("step", network.threads)?;
        command.args(["--model", network.model]);
        if network.eval {
            command.arg("--eval");
        }
        if masked {
            command.arg("--masked");
        }
        Some(printed(&mut command).and_then(|value| time(&value)))
    }

    /// A single layer in rarefy, forward and backward.
    pub(super) fn layer(&self, layer: &Layer, density: f64) -> Result<Time, String> {
        let mut command = self.rarefy("layer", 2);
        let (channels, size) = (layer.channels.to_string(), layer.size.to_string());
        command.args(["--in", &channels, "--out", &channels, "--size", &size, "--kernel", "3"]);
        command.args(["--density", &density.to_string()]);
        let value = printed(&mut command)?;
        let mut total = value["total"].clone();
        total["peak_rss_mb"] = value["peak_rss_mb"].clone();
        time(&total)
    }

    /// The same in PyTorch, dense, and in SparseProp at every density if it is there.
    pub(super) fn peer_layer(&self, layer: &Layer) -> Option<Result<PeerLayer, String>> {
        let mut command = self.peer("layer", 2)?;
        let (channels, size) = (layer.channels.to_string(), layer.size.to_string());
        command.args(["--channels", &channels, "--size", &size, "--densities"]);
        command.args(DENSITIES.map(|density| density.to_string()));
        let read = |value: Value| {
            let with_memory = |mut part: Value| {
                part["peak_rss_mb"] = value["peak_rss_mb"].clone();
                time(&part)
            };
            let sparse = DENSITIES.map(|density| {
                value["sparseprop"].get(density.to_string()).and_then(|part| with_memory(part.clone()).ok())
            });
            Ok(PeerLayer { torch: with_memory(value["torch"].clone())?, sparseprop: sparse })
        };
        Some(printed(&mut command).and_then(read))
    }

    fn rarefy(&self, what: &str, threads: usize) -> Command {
        let mut command = Command::new(&self.rarefy);
        command.args(["bench", what, "--json"]);
        self.common(&mut command, threads);
        command
    }

    fn peer(&self, what: &str, threads: usize) -> Option<Command> {
        let (python, script) = self.peer.as_ref()?;
        let mut command = Command::new(python);
        command.arg(script).arg(what).envs(MALLOC).env("OMP_NUM_THREADS", threads.to_string());
        self.common(&mut command, threads);
        Some(command)
    }

    fn common(&self, command: &mut Command, threads: usize) {
        command.args(["--threads", &threads.to_string(), "--batch-size", &BATCH.to_string()]);
        command.args(["--steps", &self.steps.to_string()]);
    }
}

/// Runs a program to the JSON it prints, or the last line of its complaint.
fn printed(command: &mut Command) -> Result<Value, String> {
    let line = crate::process::describe(command);
    let output = command.output().map_err(|error| format!("`{line}` did not start: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let complaint = complaint.lines().find(|line| line.contains("rror")).unwrap_or("no message");
        return Err(format!("`{line}` failed ({}): {complaint}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("`{line}` printed no JSON: {error}"))
}

fn time(value: &Value) -> Result<Time, String> {
    let number = |key: &str| {
        value[key].as_f64().filter(|number| *number > 0.0).ok_or_else(|| format!("no `{key}` in {value}"))
    };
    Ok(Time {
        median_ms: number("median_ms")?,
        min_ms: number("min_ms")?,
        // Not every system tells.
        peak_rss_mb: value["peak_rss_mb"].as_f64().unwrap_or(f64::NAN),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_and_their_absence_is_named() {
        let read = time(&json!({"median_ms": 3.0, "min_ms": 2.0, "peak_rss_mb": 10.0})).unwrap();
        assert_eq!(read, Time { median_ms: 3.0, min_ms: 2.0, peak_rss_mb: 10.0 });
        assert!(time(&json!({"median_ms": 3.0})).unwrap_err().contains("no `min_ms`"));
        assert!(time(&json!({"median_ms": 0.0, "min_ms": 2.0})).is_err());
    }

    #[test]
    fn a_program_that_fails_is_reported_with_its_complaint() {
        let failed = printed(&mut crate::process::cargo(std::path::Path::new("."), ["no-such-command"]));
        let failed = failed.unwrap_err();
        assert!(failed.contains("no-such-command") && failed.contains("error"), "{failed}");
    }
}
