//! No decay.

use super::Decay;

pub(super) const DECAY: Decay =
    Decay { name: "constant", summary: "the base rate in every epoch", factor: |_, _| 1.0 };
