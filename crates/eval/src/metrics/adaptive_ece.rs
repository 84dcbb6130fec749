//! Adaptive calibration error (Nguyen & O'Connor, EMNLP 2015; the confidence form of Nixon et al., 2019).

use super::{BINS, Bin, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "adaptive_ece",
    about: "as `ece`, with the samples in ascending confidence cut into 15 groups at floor(b n / 15)",
    higher_is_better: false,
    most: 1.0,
    new: |_| Box::new(AdaptiveEce(Vec::new())),
};

/// Confidence and hit of every sample: the groups are known at the end only.
struct AdaptiveEce(Vec<(f64, bool)>);

impl Measure for AdaptiveEce {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.push((sample.confidence(), sample.is_hit()));
    }

    fn value(&self) -> f64 {
        let mut sorted = self.0.clone();
        // Equal confidences in one order whatever the samples' order was.
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let samples = sorted.len();
        let group = |index: usize| {
            let mut bin = Bin::default();
            let range = index * samples / BINS..(index + 1) * samples / BINS;
            sorted[range].iter().for_each(|&(confidence, hit)| bin.add(confidence, hit));
            bin.samples as f64 * bin.gap()
        };
        (0..BINS).map(group).sum::<f64>() / samples.max(1) as f64
    }
}
