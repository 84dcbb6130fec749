//! Metrics of accuracy and calibration: one file each, one line in [`REGISTRY`].
//!
//! Probabilities are the softmax in f64 of f32 logits. Bins are 15.

mod accuracy;
mod adaptive_ece;
mod bins;
mod brier;
mod classwise_ece;
mod ece;
mod mce;
mod nll;
mod top5;

pub use bins::{Bin, Bins};

use crate::sample::Sample;

/// Bins of confidence.
pub const BINS: usize = 15;

/// A running metric.
pub trait Measure {
    /// Adds a sample.
    fn add(&mut self, sample: &Sample<'_>);

    /// The metric of the samples so far; 0 of none.
    fn value(&self) -> f64;
}

/// A metric known by name.
pub struct Metric {
    /// Name in tables and JSON.
    pub name: &'static str,
    /// Formula in one line.
    pub about: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Largest possible value; the smallest is 0.
    pub most: f64,
    /// Nothing seen yet, of this many classes.
    pub new: fn(usize) -> Box<dyn Measure>,
}

/// Every metric.
pub const REGISTRY: &[Metric] = &[
    accuracy::METRIC,
    top5::METRIC,
    nll::METRIC,
    brier::METRIC,
    ece::METRIC,
    adaptive_ece::METRIC,
    classwise_ece::METRIC,
    mce::METRIC,
];

/// A mean over samples.
#[derive(Default)]
struct Mean {
    sum: f64,
    samples: u64,
}

impl Mean {
    fn add(&mut self, number: f64) {
        self.sum += number;
        self.samples += 1;
    }

    fn value(&self) -> f64 {
        self.sum / self.samples.max(1) as f64
    }
}
