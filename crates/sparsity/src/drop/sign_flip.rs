//! Changed signs.

use super::{Rule, Selection, Settings, Weight};
use crate::Columns;

/// Score `w * s` with `s` the sign the weight was born with: everything below zero goes, whatever the drop fraction.
///
/// Source: Bellec et al., *Deep Rewiring: Training very sparse deep networks*, ICLR 2018 (Deep R): a connection
/// whose parameter crosses zero becomes dormant.
#[derive(Clone, Copy, Debug)]
pub struct SignFlip;

impl Rule for SignFlip {
    fn name(&self) -> &'static str {
        "sign_flip"
    }

    fn summary(&self) -> &'static str {
        "every weight whose sign is no longer the one it was born with"
    }

    fn columns(&self) -> Columns {
        Columns { signs: true, ..Columns::VALUES }
    }

    fn selection(&self) -> Selection {
        Selection::Negative
    }

    fn score(&self, weight: &Weight, _: &Settings) -> f64 {
        weight.value * weight.sign
    }
}
