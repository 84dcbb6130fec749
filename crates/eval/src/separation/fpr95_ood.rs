//! False positives at 95 % recall of out-of-distribution samples (OpenOOD's convention).

use super::Separation;

pub(super) const SEPARATION: Separation = Separation {
    name: "fpr95_ood",
    about: "share of in-distribution samples at or below the smallest threshold that finds 95 % of the others",
    higher_is_better: false,
    value: |scored| scored.as_out.false_positives_at(0.95),
};
