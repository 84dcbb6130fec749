//! Training methods: how a pattern changes while the network trains. One file per preset, one line each in [`REGISTRY`].
//!
//! A preset is nothing but settings of the same machine ([`crate::update`]); every one of them can be overridden.

mod ac_dc;
mod deepr;
mod gmp;
mod granet;
mod itop;
mod mest;
mod rigl;
mod set;
mod snfs;
mod r#static;

use crate::SparsityError;
use crate::drop::Scope;
use crate::registry::pick;
use crate::schedule::{Decay, DensitySchedule};

/// Every preset, in the order of the help.
pub const REGISTRY: &[Preset] = &[
    r#static::PRESET,
    set::PRESET,
    itop::PRESET,
    rigl::PRESET,
    snfs::PRESET,
    gmp::PRESET,
    granet::PRESET,
    mest::PRESET,
    deepr::PRESET,
    ac_dc::PRESET,
];

/// Settings of a training method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    /// Name on the command line, in recipes and in reports.
    pub name: &'static str,
    /// One line for the help.
    pub summary: &'static str,
    /// The pattern moves.
    pub dynamic: bool,
    /// Name of the [`crate::init`] it is meant with, if that is not the usual one.
    pub init: Option<&'static str>,
    /// Name of the [`crate::drop`] rule.
    pub drop: &'static str,
    /// Among which weights it looks.
    pub scope: Scope,
    /// Name of the [`crate::grow`] rule.
    pub grow: &'static str,
    /// Name of the [`crate::redistribution`] rule.
    pub redistribution: &'static str,
    /// Share of existing blocks exchanged at an update, at the start.
    pub fraction: f64,
    /// Where it ends.
    pub fraction_end: f64,
    /// How it gets there.
    pub decay: Decay,
    /// Steps between updates.
    pub every: Interval,
    /// Share of all steps after which the pattern stays.
    pub until: f64,
    /// When an update happens.
    pub order: Order,
    /// How dense the network is.
    pub density: DensitySchedule,
    /// How many weights there may be between updates.
    pub bound: MemoryBound,
    /// What else happens.
    pub hook: Hook,
}

/// Steps between updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// As many.
    Steps(u64),
    /// Those of an epoch.
    Epoch,
}

/// When an update happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In place of the optimizer's step: the batch's gradient decides where weights grow and is then forgotten.
    Replace,
    /// After the optimizer's step, on the values it left; the gradient is that of the step.
    After,
}

impl Order {
    /// Every order with its name.
    pub const ALL: &[(&str, Self)] = &[("replace", Self::Replace), ("after", Self::After)];
}

/// How many weights there may be between updates of a constant density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryBound {
    /// Those of the density: as many go as come.
    Hard,
    /// More: what grows at an update is trained beside all others until the next one, where as many go again. The last update
    /// returns to the density.
    Soft,
}

impl MemoryBound {
    /// Every bound with its name.
    pub const ALL: &[(&str, Self)] = &[("hard", Self::Hard), ("soft", Self::Soft)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

/// What a method does beside updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Nothing.
    None,
    /// Every position has a fixed sign; every step an L1 penalty and noise act on the weights (Deep R).
    FixedSigns,
    /// The optimizer's state is forgotten when the network becomes dense (AC/DC).
    ForgetOnGrowth,
}

/// The preset called `name`; letter case does not matter, `-` is `_`.
///
/// # Errors
/// A name that no preset has.
pub fn find(name: &str) -> Result<&'static Preset, SparsityError> {
    pick("method", name, REGISTRY.iter().map(|preset| (preset.name, preset)))
}

/// What presets start from.
const STATIC: Preset = Preset {
    name: "static",
    summary: "the pattern stays as it was drawn",
    dynamic: false,
    init: None,
    drop: "magnitude",
    scope: Scope::Layer,
    grow: "random",
    redistribution: "none",
    fraction: 0.0,
    fraction_end: 0.0,
    decay: Decay::Constant,
    every: Interval::Steps(100),
    until: 1.0,
    order: Order::After,
    density: DensitySchedule::Constant,
    bound: MemoryBound::Hard,
    hook: Hook::None,
};
