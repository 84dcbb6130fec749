//! Counting comparisons.

use serde_json::{Map, Value, json};

/// Failures listed in the output; the rest is only counted.
const LISTED: usize = 5;

/// Comparisons made so far.
#[derive(Default)]
pub(crate) struct Tally {
    checked: usize,
    failed: usize,
    failures: Vec<String>,
    max_rel_err: f64,
    worst: String,
}

impl Tally {
    /// A number to `tolerance`, relative to the expected one.
    pub(crate) fn number(&mut self, name: &str, found: f64, expected: f64, tolerance: f64) {
        self.tensor(name, &[found], &[expected], tolerance);
    }

    /// A tensor to `tolerance`: L2 norm of the difference relative to that of the expected tensor.
    pub(crate) fn tensor(&mut self, name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
        if found.len() != expected.len() {
            return self.fail(name, format!("expected {} numbers, found {}", expected.len(), found.len()));
        }
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
        let difference = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
        let size = norm(&mut expected.iter().copied());
        let error = if difference == 0.0 { 0.0 } else { difference / size };
        // Not a number is as wrong as can be.
        let error = if error.is_nan() { f64::INFINITY } else { error };
        if self.worst.is_empty() || error > self.max_rel_err {
            (self.max_rel_err, self.worst) = (error, name.into());
        }
        self.require(name, error <= tolerance, || {
            format!("relative error {error:e}, tolerance {tolerance:e}")
        });
    }

    /// Numbers to `tolerance` each, absolute.
    pub(crate) fn absolute(&mut self, name: &str, found: &[f64], expected: &[f64], tolerance: f64) {
        let difference = |(a, b): (&f64, &f64)| (a - b).abs();
        let near = found.len() == expected.len()
            && found.iter().zip(expected).map(difference).all(|difference| difference <= tolerance);
        self.require(name, near, || {
            let largest = found.iter().zip(expected).map(difference).fold(0.0, f64::max);
            format!("absolute error up to {largest:e}, tolerance {tolerance:e}, {} numbers", found.len())
        });
    }

    /// Something that must hold.
    pub(crate) fn require(&mut self, name: &str, holds: bool, otherwise: impl FnOnce() -> String) {
        match holds {
            true => self.checked += 1,
            false => self.fail(name, otherwise()),
        }
    }

    fn fail(&mut self, name: &str, problem: String) {
        self.checked += 1;
        self.failed += 1;
        if self.failures.len() < LISTED {
            self.failures.push(format!("{name}: {problem}"));
        }
    }

    fn ok(&self) -> bool {
        self.failed == 0
    }

    fn to_json(&self) -> Value {
        let mut fields = json!({
            "checked": self.checked, "max_rel_err": self.max_rel_err, "worst": self.worst, "ok": self.ok(),
        });
        if self.failed > 0 {
            fields["failed"] = self.failed.into();
            fields["failures"] = json!(self.failures);
        }
        fields
    }
}

/// What came out of one file.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Comparisons by the part of the library that was compared.
    parts: Vec<(&'static str, Tally)>,
    /// What the file holds and this library cannot do yet.
    skipped: Vec<String>,
    error: Option<String>,
}

impl Outcome {
    /// Comparisons of a file, and what was left out.
    pub(crate) fn new(parts: Vec<(&'static str, Tally)>, skipped: Vec<String>) -> Self {
        Self { parts, skipped, error: None }
    }

    /// A file that could not be checked.
    pub(crate) fn broken(error: String) -> Self {
        Self { error: Some(error), ..Self::default() }
    }

    /// Whether something was compared and everything agreed.
    pub(crate) fn ok(&self) -> bool {
        self.error.is_none() && self.checked() > 0 && self.parts.iter().all(|(_, tally)| tally.ok())
    }

    fn checked(&self) -> usize {
        self.parts.iter().map(|(_, tally)| tally.checked).sum()
    }

    /// The object printed for the file.
    pub(crate) fn to_json(&self, file: &str) -> Value {
        let max_rel_err = self.parts.iter().map(|(_, tally)| tally.max_rel_err).fold(0.0, f64::max);
        let mut fields = Map::new();
        fields.insert("file".into(), file.into());
        fields.insert("checked".into(), self.checked().into());
        fields.insert("skipped".into(), json!(self.skipped));
        fields.insert("max_rel_err".into(), json!(max_rel_err));
        fields.insert("ok".into(), self.ok().into());
        fields.extend(self.error.iter().map(|error| ("error".into(), error.as_str().into())));
        fields.extend(self.parts.iter().map(|(name, tally)| ((*name).into(), tally.to_json())));
        Value::Object(fields)
    }
}
