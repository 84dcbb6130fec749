//! Maximum logit (Hendrycks et al., ICML 2022).

use super::{Detector, OfLogits, largest};

pub(super) const DETECTOR: Detector = Detector {
    name: "max_logit",
    about: "largest logit",
    learns: false,
    new: |_| Box::new(OfLogits(largest)),
};
