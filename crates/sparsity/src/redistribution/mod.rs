//! How layers share what grows: one file per rule, one line each in [`REGISTRY`].
//!
//! A rule gives every layer a number; growth is shared in proportion to it, as far as layers have room, what overflows is
//! shared again, and fractions go to the largest remainders, ties to the lower layer ([`share`]).
//!
//! | name | in proportion to | source |
//! |---|---|---|
//! | `none` | what the layer dropped | Evci et al. 2020 (RigL) |
//! | `magnitude` | mean `abs(w)` of its weights | Mostafa & Wang 2019; the published code |
//! | `count` | its existing weights; also `nonzeros` | the published code |
//! | `momentum` | mean `abs(m)` of its weights | Dettmers & Zettlemoyer 2019 (SNFS) |
//! | `gradient` | mean `abs(g)` of its weights, `g` of the previous step | |

mod count;
mod gradient;
mod magnitude;
mod momentum;
mod none;
mod share;

pub use count::Count;
pub use gradient::Gradient;
pub use magnitude::Magnitude;
pub use momentum::Momentum;
pub use none::None;
pub use share::{Shared, Sharing, share};

use crate::registry::pick;
use crate::{Active, Columns, SparsityError};
use rarefy_core::same_name;

/// Every rule, in the order of the help.
pub const REGISTRY: &[&dyn Rule] = &[&None, &Magnitude, &Count, &Momentum, &Gradient];

/// Says how layers share growth.
pub trait Rule: std::fmt::Debug + Sync {
    /// Name on the command line, in recipes and in reports: lower case, the name of the rule's file.
    fn name(&self) -> &'static str;

    /// One line for the help.
    fn summary(&self) -> &'static str;

    /// Other spellings that are understood.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// What it reads besides values.
    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    /// The number of a layer before it drops `dropped` of its weights: 0 or above. NaN is an error of the update.
    fn stat(&self, layer: &Active<'_>, dropped: u64) -> f64;
}

/// Mean absolute value of a column.
fn mean(column: &[f32]) -> f64 {
    let sum: f64 = column.iter().map(|value| f64::from(value.abs())).sum();
    sum / column.len().max(1) as f64
}

/// The rule called `name`; letter case does not matter, `-` is `_`.
///
/// # Errors
/// A name that no rule has.
pub fn find(name: &str) -> Result<&'static dyn Rule, SparsityError> {
    match REGISTRY.iter().find(|rule| rule.aliases().iter().any(|alias| same_name(alias, name))) {
        Some(&rule) => Ok(rule),
        Option::None => pick("redistribution", name, REGISTRY.iter().map(|&rule| (rule.name(), rule))),
    }
}
