//! Expected calibration error (Naeini et al., AAAI 2015; Guo et al., ICML 2017, equation 5).

use super::{BINS, Bins, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "ece",
    about: "15 bins of equal width over the confidence: sum of |B| / n |accuracy - mean confidence|",
    higher_is_better: false,
    most: 1.0,
    new: |_| Box::new(Ece(Bins::new(BINS))),
};

struct Ece(Bins);

impl Measure for Ece {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.add(sample.confidence(), sample.is_hit());
    }

    fn value(&self) -> f64 {
        self.0.expected_gap()
    }
}
