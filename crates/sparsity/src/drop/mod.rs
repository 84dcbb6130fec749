//! Which existing weights go when dynamic training changes the pattern: one file per rule, one line each in [`REGISTRY`].
//!
//! A rule gives every weight a score and says which scores go ([`Selection`]). The score of a block is the mean over its
//! weights, so that blocks of different sizes compare. Ties go to the lower position, layer by layer.
//!
//! | name | goes first | source |
//! |---|---|---|
//! | `magnitude` | smallest `abs(w)` | Evci et al. 2020 (RigL) |
//! | `set` | half of each sign, nearest to zero | Mocanu et al. 2018 (SET) |
//! | `threshold` | every `abs(w)` below a threshold | the published code |
//! | `taylor_fo` | smallest `abs(g * w)` | Molchanov et al. 2019 |
//! | `mest` | smallest `abs(w) + lambda * abs(g)` | Yuan et al. 2021 (MEST) |
//! | `sign_flip` | every weight whose sign has changed | Bellec et al. 2018 (Deep R) |
//! | `random` | any | |

mod choose;
mod magnitude;
mod mest;
mod random;
mod set;
mod sign_flip;
mod taylor_fo;
mod threshold;

pub use choose::{Scope, choose};
pub use magnitude::Magnitude;
pub use mest::Mest;
pub use random::Random;
pub use set::Set;
pub use sign_flip::SignFlip;
pub use taylor_fo::TaylorFo;
pub use threshold::Threshold;

use crate::registry::pick;
use crate::{Columns, SparsityError};

/// Every rule, in the order of the help.
pub const REGISTRY: &[&dyn Rule] = &[&Magnitude, &Set, &Threshold, &TaylorFo, &Mest, &SignFlip, &Random];

/// Chooses weights to drop.
pub trait Rule: std::fmt::Debug + Sync {
    /// Name on the command line, in recipes and in reports: lower case, the name of the rule's file.
    fn name(&self) -> &'static str;

    /// One line for the help.
    fn summary(&self) -> &'static str;

    /// What it reads besides values.
    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    /// Which scores go.
    fn selection(&self) -> Selection {
        Selection::Lowest
    }

    /// Score of one weight. NaN is an error of the update.
    fn score(&self, weight: &Weight, settings: &Settings) -> f64;
}

/// Which scores go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// As many as asked for, lowest first.
    Lowest,
    /// Half as many of each sign (rounded up), nearest to zero first; a sign with fewer gives all it has. Zeros stay.
    NearestZeroOfEachSign,
    /// All below zero, however many were asked for.
    Negative,
}

/// One weight as a rule sees it; columns it did not ask for are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight {
    /// Its value.
    pub value: f64,
    /// Gradient of the loss, of the previous step.
    pub gradient: f64,
    /// The optimizer's momentum.
    pub momentum: f64,
    /// Sign it was born with, 0 for none.
    pub sign: f64,
    /// Uniform in [0, 1), one draw a block.
    pub random: f64,
}

/// Constants of the rules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// `threshold`: absolute values below it go.
    pub threshold: f64,
    /// `mest`: weight of the gradient.
    pub lambda: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold: 1e-3, lambda: 0.01 }
    }
}

/// The rule called `name`; letter case does not matter, `-` is `_`.
pub fn find(name: &str) -> Result<&'static dyn Rule, SparsityError> {
    pick("drop rule", name, REGISTRY.iter().map(|&rule| (rule.name(), rule)))
}
