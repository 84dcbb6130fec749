//! Top-1 accuracy.

use super::{Mean, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "accuracy",
    about: "share whose most probable class is the label; ties go to the lower class",
    higher_is_better: true,
    most: 1.0,
    new: |_| Box::new(Accuracy(Mean::default())),
};

struct Accuracy(Mean);

impl Measure for Accuracy {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.add(f64::from(u8::from(sample.is_hit())));
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}
