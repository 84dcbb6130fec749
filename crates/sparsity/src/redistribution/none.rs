//! Layers keep their densities.

use super::Rule;
use crate::Active;

/// Each layer regrows what it dropped.
///
/// Source: Evci et al., ICML 2020 (RigL): densities of layers stay.
#[derive(Clone, Copy, Debug)]
pub struct None;

impl Rule for None {
    fn name(&self) -> &'static str {
        "none"
    }

    fn summary(&self) -> &'static str {
        "each layer regrows what it dropped"
    }

    fn stat(&self, _: &Active<'_>, dropped: u64) -> f64 {
        dropped as f64
    }
}
