//! The fraction of weights that exist.

use serde::{Deserialize, Serialize};

/// Fraction of weights kept, in (0, 1]. Sparsity is `1 - density` and appears only in reports.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Density(f64);

/// A number that is no density.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "density must be a number above 0 and at most 1 (1 = dense), found {found}; for 95 % sparsity give 0.05"
)]
pub struct DensityError {
    /// What was given.
    pub found: f64,
}

impl Density {
    /// Every weight exists.
    pub const DENSE: Self = Self(1.0);

    /// Accepts 0 < `value` <= 1; NaN is refused.
    pub fn new(value: f64) -> Result<Self, DensityError> {
        if value > 0.0 && value <= 1.0 { Ok(Self(value)) } else { Err(DensityError { found: value }) }
    }

    /// The fraction itself.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The exact budget of `weights` weights: `round(density * weights)`, halves away from zero.
    pub fn budget(self, weights: u64) -> u64 {
        (self.0 * weights as f64).round() as u64
    }

    /// Whether every weight exists.
    pub fn is_dense(self) -> bool {
        self.0 >= 1.0
    }
}

impl TryFrom<f64> for Density {
    type Error = DensityError;
    fn try_from(value: f64) -> Result<Self, DensityError> {
        Self::new(value)
    }
}

impl From<Density> for f64 {
    fn from(density: Density) -> f64 {
        density.0
    }
}

impl std::str::FromStr for Density {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let value: f64 =
            text.trim().parse().map_err(|_| format!("density must be a number like 0.05, found `{text}`"))?;
        Self::new(value).map_err(|error| error.to_string())
    }
}

impl std::fmt::Display for Density {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
