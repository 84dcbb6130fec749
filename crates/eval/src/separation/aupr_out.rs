//! Area under the precision-recall curve, out-of-distribution as positives.

use super::Separation;

pub(super) const SEPARATION: Separation = Separation {
    name: "aupr_out",
    about: "average precision with the other samples as positives and the score negated",
    higher_is_better: true,
    value: |scored| scored.as_out.average_precision(),
};
