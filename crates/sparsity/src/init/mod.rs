//! Initial densities of the layers: one file per rule, one line each in [`REGISTRY`].
//!
//! With `d` the global density, `n_l` the weights of layer `l` and `N` their sum, every rule spends the budget:
//! `sum density_l * n_l = d * N`.
//!
//! | name | density of a layer | source |
//! |---|---|---|
//! | `uniform` | `d` | |
//! | `uniform_plus` | first convolution 1, classifier at least 0.2, the others alike | Gale et al. 2019 |
//! | `er` | `min(1, eps * (out + in) / (out * in))` | Mocanu et al. 2018 (SET) |
//! | `erk` | `min(1, eps * (out + in + kh + kw) / (out * in * kh * kw))` | Evci et al. 2020 (RigL) |
//! | `erk_plus` | classifier `--fc-density`, the others as `erk` | Liu et al. 2022 |
//! | `balanced` | `min(1, k / n_l)` | Gadhikar et al. 2023 |
//! | `pyramidal` | `p^l` | Gadhikar et al. 2023 |
//! | `snip` | share of the largest `abs(g * w)` | Lee et al. 2019 |
//! | `grasp` | share of the largest `w * Hg` | Wang et al. 2020 |
//! | `synflow` | share of the largest `abs(w * dR/dw)` | Tanaka et al. 2020 |
//! | `magnitude` | share of the largest `abs(w)` | Frankle et al. 2021 |
//! | `file` | from a table by layer name | |

mod balanced;
mod er;
mod erk;
mod erk_plus;
mod file;
mod grasp;
mod magnitude;
mod pyramidal;
mod snip;
mod synflow;
mod uniform;
mod uniform_plus;

pub use crate::problem::Problem;
pub use balanced::Balanced;
pub use er::Er;
pub use erk::Erk;
pub use erk_plus::ErkPlus;
pub use file::File;
pub use grasp::Grasp;
pub use magnitude::Magnitude;
pub use pyramidal::Pyramidal;
pub use snip::Snip;
pub use synflow::Synflow;
pub use uniform::Uniform;
pub use uniform_plus::UniformPlus;

use crate::SparsityError;
use crate::registry::pick;
use crate::saliency::Saliency;
use rarefy_core::{Density, same_name};

/// Every rule, in the order of the help.
pub const REGISTRY: &[&dyn Rule] = &[
    &Uniform,
    &UniformPlus,
    &Er,
    &Erk,
    &ErkPlus,
    &Balanced,
    &Pyramidal,
    &Snip,
    &Grasp,
    &Synflow,
    &Magnitude,
    &File,
];

/// Gives every layer its share of a global density: by a formula over the layers ([`Rule::densities`]) or by scores of the
/// weights ([`Rule::saliency`]).
pub trait Rule: std::fmt::Debug + Sync {
    /// Name on the command line, in recipes and in reports: lower case, the name of the rule's file.
    fn name(&self) -> &'static str;

    /// One line for the help.
    fn summary(&self) -> &'static str;

    /// Other spellings that are understood.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// How weights are scored; `None` for a formula.
    fn saliency(&self) -> Option<Saliency> {
        None
    }

    /// The density that the rule spends: the one asked for, unless it has its own.
    ///
    /// # Errors
    /// As [`Rule::densities`].
    fn density(&self, problem: &Problem<'_>) -> Result<Density, SparsityError> {
        Ok(problem.density)
    }

    /// One density in (0, 1] per layer; exactly 1 makes a layer full.
    ///
    /// # Errors
    /// A density that the rule cannot give, with the feasible range; a saliency has no formula.
    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let _ = problem;
        Err(SparsityError::NoProbe { rule: self.name() })
    }
}

/// The rule called `name`; letter case does not matter, `-` is `_`. `file:PATH` is `file`.
///
/// # Errors
/// A name that no rule has.
pub fn find(name: &str) -> Result<&'static dyn Rule, SparsityError> {
    let known = name.split_once(':').filter(|(rule, _)| *rule == File.name()).map_or(name, |(rule, _)| rule);
    let alias = REGISTRY.iter().find(|rule| rule.aliases().iter().any(|alias| same_name(alias, known)));
    match alias {
        Some(&rule) => Ok(rule),
        None => pick("sparse init", known, REGISTRY.iter().map(|&rule| (rule.name(), rule))),
    }
}
