//! Area under the precision-recall curve, in-distribution as positives.

use super::Separation;

pub(super) const SEPARATION: Separation = Separation {
    name: "aupr_in",
    about: "average precision with in-distribution samples as positives",
    higher_is_better: true,
    value: |scored| scored.as_in.average_precision(),
};
