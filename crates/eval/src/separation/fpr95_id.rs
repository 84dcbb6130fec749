//! False positives at 95 % recall of in-distribution samples (Liang et al., ICLR 2018).

use super::Separation;

pub(super) const SEPARATION: Separation = Separation {
    name: "fpr95_id",
    about: "share of the other samples at or above the largest threshold that keeps 95 % of the in-distribution ones",
    higher_is_better: false,
    value: |scored| scored.as_in.false_positives_at(0.95),
};
