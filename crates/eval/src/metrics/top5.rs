//! Top-5 accuracy.

use super::{Mean, Measure, Metric};
use crate::sample::Sample;

pub(super) const METRIC: Metric = Metric {
    name: "top5",
    about: "share whose label is among the five most probable classes",
    higher_is_better: true,
    most: 1.0,
    new: |_| Box::new(Top5(Mean::default())),
};

struct Top5(Mean);

impl Measure for Top5 {
    fn add(&mut self, sample: &Sample<'_>) {
        self.0.add(f64::from(u8::from(sample.rank < 5)));
    }

    fn value(&self) -> f64 {
        self.0.value()
    }
}
