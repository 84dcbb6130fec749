//! How well scores tell in-distribution samples from others: one file each, one line in [`REGISTRY`].
//!
//! A higher score means in-distribution.

mod aupr_in;
mod aupr_out;
mod auroc;
mod curve;
mod fpr95_id;
mod fpr95_ood;

pub use curve::{Curve, Point};

use crate::error::EvalError;

/// A measure of separation known by name.
pub struct Separation {
    /// Name in tables and JSON.
    pub name: &'static str,
    /// Formula in one line.
    pub about: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Its value.
    pub value: fn(&Scored) -> f64,
}

/// Every measure of separation.
pub const REGISTRY: &[Separation] = &[
    auroc::SEPARATION,
    aupr_in::SEPARATION,
    aupr_out::SEPARATION,
    fpr95_id::SEPARATION,
    fpr95_ood::SEPARATION,
];

/// Scores of in-distribution and other samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// In-distribution samples as positives, from the highest score down.
    pub as_in: Curve,
    /// The others as positives, from the lowest score up.
    pub as_out: Curve,
}

impl Scored {
    /// Scores of both sets.
    ///
    /// # Errors
    /// An empty set, a score that is not a number.
    pub fn new(inside: &[f64], outside: &[f64]) -> Result<Self, EvalError> {
        for (scores, what) in [(inside, "in-distribution"), (outside, "out-of-distribution")] {
            if scores.is_empty() {
                return Err(EvalError::Empty { what: format!("the {what} set") });
            }
            if scores.iter().any(|score| score.is_nan()) {
                return Err(EvalError::NonFinite { place: format!("a score of the {what} set") });
            }
        }
        let negated = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<_>>();
        let as_out = Curve::new(&negated(outside), &negated(inside));
        Ok(Self { as_in: Curve::new(inside, outside), as_out })
    }
}
