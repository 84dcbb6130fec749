//! Below a threshold.

use super::{Rule, Selection, Settings, Weight};

/// Score `abs(w) - threshold`: everything below zero goes, whatever the drop fraction (a block by its mean).
///
/// Source: the published code of Liu et al., ICLR 2022, which has it as a choice.
#[derive(Clone, Copy, Debug)]
pub struct Threshold;

impl Rule for Threshold {
    fn name(&self) -> &'static str {
        "threshold"
    }

    fn summary(&self) -> &'static str {
        "every absolute value below a threshold"
    }

    fn selection(&self) -> Selection {
        Selection::Negative
    }

    fn score(&self, weight: &Weight, settings: &Settings) -> f64 {
        weight.value.abs() - settings.threshold
    }
}
