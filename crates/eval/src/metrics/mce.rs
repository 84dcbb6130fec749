//! Maximum calibration error (Naeini et al., AAAI 2015).

use super::{BINS, Bins, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "mce",
    about: "largest |accuracy - mean confidence| of the bins of `ece` that are not empty",
    higher_is_better: false,
    most: 1.0,
    new: |_| Box::new(Mce(Bins::new(BINS))),
};

struct Mce(Bins);

impl Measure for Mce {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.add(sample.confidence(), sample.is_hit());
    }

    fn value(&self) -> f64 {
        self.0.largest_gap()
    }
}
