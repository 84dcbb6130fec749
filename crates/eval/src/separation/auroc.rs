//! Area under the ROC curve (Hendrycks & Gimpel, ICLR 2017).

use super::Separation;

pub(super) const SEPARATION: Separation = Separation {
    name: "auroc",
    about: "probability that an in-distribution sample scores higher than another; ties count one half",
    higher_is_better: true,
    value: |scored| scored.as_in.area(),
};
