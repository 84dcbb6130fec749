//! Negative log-likelihood, the cross-entropy.

use super::{Mean, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "nll",
    about: "mean of -ln p of the label",
    higher_is_better: false,
    most: f64::INFINITY,
    new: |_| Box::new(Nll(Mean::default())),
};

struct Nll(Mean);

impl Measure for Nll {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.add(-sample.log_probability);
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}
