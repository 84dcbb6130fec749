//! Any weight.

use super::{Rule, Settings, Weight};

/// A uniform score, lowest first: every set is equally likely.
#[derive(Clone, Copy, Debug)]
pub struct Random;

impl Rule for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn summary(&self) -> &'static str {
        "any, each as likely"
    }

    fn score(&self, weight: &Weight, _: &Settings) -> f64 {
        weight.random
    }
}
