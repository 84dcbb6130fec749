//! Smallest positive and largest negative values.

use super::{Rule, Selection, Settings, Weight};

/// Score `w`: of `k` weights to go, `ceil(k / 2)` smallest positive and `ceil(k / 2)` largest negative ones.
///
/// Source: Mocanu et al., *Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
/// network science*, Nature Communications 9, 2018 (SET).
#[derive(Clone, Copy, Debug)]
pub struct Set;

impl Rule for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn summary(&self) -> &'static str {
        "half of each sign, nearest to zero"
    }

    fn selection(&self) -> Selection {
        Selection::NearestZeroOfEachSign
    }

    fn score(&self, weight: &Weight, _: &Settings) -> f64 {
        weight.value
    }
}
