//! Smallest magnitude.

use super::{Rule, Settings, Weight};

/// Score `abs(w)`, lowest first.
///
/// Source: Evci et al., *Rigging the Lottery*, ICML 2020 (RigL), drop criterion; Zhu & Gupta 2017 (GMP).
#[derive(Clone, Copy, Debug)]
pub struct Magnitude;

impl Rule for Magnitude {
    fn name(&self) -> &'static str {
        "magnitude"
    }

    fn summary(&self) -> &'static str {
        "smallest absolute values"
    }

    fn score(&self, weight: &Weight, _: &Settings) -> f64 {
        weight.value.abs()
    }
}
