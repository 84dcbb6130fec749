//! Maximum softmax probability (Hendrycks & Gimpel, ICLR 2017).

use super::{Detector, OfLogits, largest, log_sum_exp};

pub(super) const DETECTOR: Detector = Detector {
    name: "msp",
    about: "largest probability",
    learns: false,
    new: |_| Box::new(OfLogits(|logits| (largest(logits) - log_sum_exp(logits)).exp())),
};
