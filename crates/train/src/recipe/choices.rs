//! Values of a recipe that are names.

use crate::names::{UnknownName, pick};
use rarefy_core::Block;
use rarefy_nn::optim::DECAYS;
use rarefy_sparsity::method::{self, Preset};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::str::FromStr;

/// Declares an enum whose variants have names, with the conversions that serde, clap and people need.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident ($what:literal) { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every choice with its name.
            pub const ALL: &[(&str, Self)] = &[$(($text, Self::$variant),)+];

            /// The name in recipes and on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;
            fn from_str(text: &str) -> Result<Self, UnknownName> {
                pick($what, text, Self::ALL)
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownName;
            fn try_from(text: String) -> Result<Self, UnknownName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.name().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// How the pattern changes while training: one of [`rarefy_sparsity::method`]'s presets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "String")]
pub struct Method(&'static Preset);

impl Method {
    /// It does not: random pruning at initialization, the paper's method.
    pub const STATIC: Self = Self(&method::REGISTRY[0]);

    /// Every method.
    pub fn all() -> impl Iterator<Item = Self> {
        method::REGISTRY.iter().map(Self)
    }

    /// The name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its settings.
    pub fn preset(self) -> &'static Preset {
        self.0
    }
}

impl FromStr for Method {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let choices: Vec<_> = Self::all().map(|method| (method.name(), method)).collect();
        pick("method", text, &choices)
    }
}

// Not derived: serde would take the preset for borrowed input.
impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<Method> for String {
    fn from(value: Method) -> String {
        value.name().to_owned()
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

named! {
    /// Update rule (METHODS 4).
    OptimizerName ("optimizer") {
        /// Stochastic gradient descent with momentum.
        Sgd = "sgd",
        /// Adam (Kingma & Ba 2015).
        Adam = "adam",
    }
}

named! {
    /// What initial weights are scaled to (METHODS 5): a sparse layer has a smaller fan-in than its shape says.
    Scaled ("scaling of initial weights") {
        /// The layer's density: every weight times `1 / sqrt(density of the layer)`.
        Layer = "layer",
        /// The output's own fan-in: its weights times `sqrt(dense fan-in / existing fan-in)`.
        Neuron = "neuron",
    }
}

named! {
    /// What the density is a fraction of when layers are kept dense (METHODS 1).
    BudgetName ("budget") {
        /// All prunable weights.
        Total = "total",
        /// The weights of the other layers.
        Pruned = "pruned",
    }
}

named! {
    /// How the positions of weights are drawn (METHODS 1).
    MaskSamplingName ("mask sampling") {
        /// Without replacement: counts are exact.
        Exact = "exact",
        /// Each weight for itself: counts are random, as in the published code.
        Bernoulli = "bernoulli",
    }
}

named! {
    /// In what a dense network matches a sparse one.
    MatchName ("cost to match") {
        /// Prunable weights.
        Params = "params",
        /// Floating-point operations of an image's forward pass.
        Flops = "flops",
    }
}

named! {
    /// What competes when a trained network is pruned.
    PruneScope ("scope of pruning") {
        /// All weights of the network.
        Global = "global",
        /// The weights of each layer among themselves: every layer gets the density asked for.
        Layer = "layer",
    }
}

/// Shape of the learning rate over epochs: one of [`rarefy_nn::optim::DECAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct LrScheduleName(&'static str);

impl LrScheduleName {
    /// Divided by ten at each milestone: the schedule of the published settings, and the only one with milestones.
    pub const MULTISTEP: Self = Self("multistep");
    /// Half a cosine from the base rate towards zero.
    pub const COSINE: Self = Self("cosine");

    /// The name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl FromStr for LrScheduleName {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let choices: Vec<_> = DECAYS.iter().map(|decay| (decay.name, decay.name)).collect();
        pick("learning-rate schedule", text, &choices).map(Self)
    }
}

// Not derived: serde would take the `&'static str` for borrowed input.
impl<'de> Deserialize<'de> for LrScheduleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl From<LrScheduleName> for String {
    fn from(value: LrScheduleName) -> String {
        value.0.to_owned()
    }
}

impl fmt::Display for LrScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Unit in which weights are drawn: `unstructured` or `block:RxC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PatternUnit(pub Block);

/// A text that is no pattern unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern is `unstructured` or `block:RxC` with R output and C input channels from 1 to 1024 \
     (e.g. block:4x4), found `{found}`"
)]
pub struct PatternUnitError {
    /// What was given.
    pub found: String,
}

impl FromStr for PatternUnit {
    type Err = PatternUnitError;
    fn from_str(text: &str) -> Result<Self, PatternUnitError> {
        let parse = || {
            if text == "unstructured" {
                return Some(Block::UNSTRUCTURED);
            }
            let (rows, columns) = text.strip_prefix("block:")?.split_once('x')?;
            let extent = |text: &str| text.parse().ok().filter(|extent| (1..=1024).contains(extent));
            Some(Block { rows: extent(rows)?, columns: extent(columns)? })
        };
        parse().map(Self).ok_or_else(|| PatternUnitError { found: text.to_owned() })
    }
}

impl fmt::Display for PatternUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Block::UNSTRUCTURED => f.write_str("unstructured"),
            Block { rows, columns } => write!(f, "block:{rows}x{columns}"),
        }
    }
}

impl TryFrom<String> for PatternUnit {
    type Error = PatternUnitError;
    fn try_from(text: String) -> Result<Self, PatternUnitError> {
        text.parse()
    }
}

impl From<PatternUnit> for String {
    fn from(value: PatternUnit) -> String {
        value.to_string()
    }
}
