//! To layers of many weights.

use super::Rule;
use crate::Active;

/// In proportion to the number of existing weights.
///
/// Source: the published code of Liu et al., ICLR 2022 (`nonzeros`).
#[derive(Clone, Copy, Debug)]
pub struct Count;

impl Rule for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn summary(&self) -> &'static str {
        "in proportion to the existing weights"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["nonzeros"]
    }

    fn stat(&self, layer: &Active<'_>, _: u64) -> f64 {
        layer.pattern.nnz() as f64
    }
}
