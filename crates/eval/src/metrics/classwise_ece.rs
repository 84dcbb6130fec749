//! Classwise calibration error (Kull et al., NeurIPS 2019, equation 3; Nixon et al., 2019).

use super::{BINS, Bins, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "classwise_ece",
    about: "mean over classes c of the 15-bin calibration error of p_c as the probability of label c",
    higher_is_better: false,
    most: 1.0,
    new: |classes| Box::new(ClasswiseEce(vec![Bins::new(BINS); classes])),
};

struct ClasswiseEce(Vec<Bins>);

impl Measure for ClasswiseEce {
    fn add(&mut self, sample: &Sample<'_>) {
        for (class, (bins, &probability)) in self.0.iter_mut().zip(sample.probabilities).enumerate() {
            bins.add(probability, class == sample.label);
        }
    }

    fn value(&self) -> f64 {
        self.0.iter().map(Bins::expected_gap).sum::<f64>() / self.0.len().max(1) as f64
    }
}
