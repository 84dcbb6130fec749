//! Brier score (Brier 1950, the form that sums over classes).

use super::{Mean, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "brier",
    about: "mean over samples of the sum over classes of (p - 1[label])^2",
    higher_is_better: false,
    most: 2.0,
    new: |_| Box::new(Brier(Mean::default())),
};

struct Brier(Mean);

impl Measure for Brier {
    fn add(&mut self, sample: &Sample<'_>) {
        let own = sample.probabilities[sample.label];
        let squares: f64 = sample.probabilities.iter().map(|p| p * p).sum();
        self.0.add(squares - own * own + (own - 1.0) * (own - 1.0));
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}
