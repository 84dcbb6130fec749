//! Negative energy (Liu et al., NeurIPS 2020).

use super::{Detector, OfLogits, log_sum_exp};

pub(super) const DETECTOR: Detector = Detector {
    name: "energy",
    about: "ln sum exp(logit), the negative energy at temperature 1",
    learns: false,
    new: |_| Box::new(OfLogits(log_sum_exp)),
};
