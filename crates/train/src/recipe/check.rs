//! What a recipe must satisfy before anything is touched.

use super::{LrScheduleName, OptimizerName, Recipe};
use crate::names::UnknownName;
use std::path::PathBuf;

/// Why a recipe cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// A key that does not exist.
    #[error("{0}")]
    Key(UnknownName),
    /// Not TOML, or a value of the wrong type.
    #[error("not a valid recipe: {problem}")]
    Syntax {
        /// The parser's words.
        problem: String,
    },
    /// A value out of range.
    #[error("`{key}` must be {expected}, found {found}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is accepted.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A key that nothing reads as the others are.
    #[error("`{key}` changes nothing here: it has a meaning only with {with}; leave it away")]
    Idle {
        /// The key.
        key: String,
        /// What it needs.
        with: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// Something is wrong in a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<RecipeError>,
    },
}

impl Recipe {
    /// Checks every range; names of models, data sets and inits are checked by their registries.
    pub fn check(&self) -> Result<(), RecipeError> {
        let whole = |key, value: u64, most: u64, expected| {
            let found = || value.to_string();
            require((1..=most).contains(&value), key, expected, found)
        };
        let million = 1_000_000;
        whole("epochs", u64::from(self.epochs), million, "a whole number from 1 to 1000000")?;
        whole("multiplier", u64::from(self.multiplier), million, "a whole number from 1 to 1000000")?;
        let total = u64::from(self.epochs) * u64::from(self.multiplier);
        whole("multiplier", total, million, "at most 1000000 when multiplied by `epochs`")?;
        whole("batch_size", self.batch_size as u64, million, "a whole number from 1 to 1000000")?;
        whole("accumulate", self.accumulate as u64, million, "a whole number from 1 to 1000000")?;
        let step = self.batch_size as u64 * self.accumulate as u64;
        whole(
            "accumulate",
            step,
            million,
            "at most 1000000 samples a step, `batch_size` times `accumulate`",
        )?;
        let most = self.batch_size as u64;
        let expected = "a whole number from 1 to `batch_size`";
        whole("norm_batch", self.norm_batch.unwrap_or(1) as u64, most, expected)?;
        whole("test_batch_size", self.test_batch_size() as u64, million, "a whole number from 1 to 1000000")?;
        whole("threads", self.threads.unwrap_or(1) as u64, 4096, "a whole number from 1 to 4096")?;
        whole("checkpoint_every", self.checkpoint_every.unwrap_or(1), u64::MAX, "a number of steps above 0")?;
        whole(
            "log_gradient_flow",
            self.log_gradient_flow.unwrap_or(1),
            u64::MAX,
            "a number of steps above 0",
        )?;
        for (key, seed) in [
            ("seed", Some(self.seed)),
            ("mask_seed", self.mask_seed),
            ("init_seed", self.init_seed),
            ("data_seed", self.data_seed),
            ("split_seed", self.split_seed),
        ] {
            // TOML integers are signed.
            let fits = seed.is_none_or(|seed| i64::try_from(seed).is_ok());
            require(fits, key, "a whole number from 0 to 2^63 - 1", || shown(seed))?;
        }
        let share = self.valid_split.unwrap_or(0.0);
        require((0.0..1.0).contains(&share), "valid_split", "a share from 0 to below 1", || {
            share.to_string()
        })?;
        let most = 100_000;
        whole(
            "saliency_rounds",
            u64::from(self.saliency_rounds.unwrap_or(1)),
            most,
            "a whole number from 1 to 100000",
        )?;
        let samples = u64::from(self.samples_per_class());
        whole("samples_per_class", samples, most, "a whole number from 1 to 100000")?;
        let power = self.erk_power.unwrap_or(1.0);
        require((-4.0..=4.0).contains(&power), "erk_power", "a number from -4 to 4", || power.to_string())?;
        self.dynamic.check()?;
        if let Some(key) = self.dynamic.first_key().filter(|_| !self.method.preset().dynamic) {
            return Err(RecipeError::Idle { key, with: "a method that moves the pattern, e.g. rigl" });
        }
        let finite = |value: f64, ok: bool| value.is_finite() && ok;
        require(finite(self.lr, self.lr > 0.0), "lr", "a finite number above 0", || self.lr.to_string())?;
        let momentum = (0.0..1.0).contains(&self.momentum);
        require(momentum, "momentum", "a number from 0 to below 1", || self.momentum.to_string())?;
        let decay = finite(self.weight_decay, self.weight_decay >= 0.0);
        require(decay, "weight_decay", "a finite number, 0 or above", || self.weight_decay.to_string())?;
        let look_ahead = !self.nesterov || self.optimizer != OptimizerName::Sgd || self.momentum > 0.0;
        require(look_ahead, "nesterov", "false when momentum is 0", || self.nesterov.to_string())?;
        require(self.warmup < self.total_epochs(), "warmup", "fewer epochs than the run has", || {
            self.warmup.to_string()
        })?;
        self.check_paths()?;
        self.check_start()?;
        self.check_extended()?;
        let Some(milestones) = &self.milestones else { return Ok(()) };
        if self.lr_schedule != LrScheduleName::MULTISTEP {
            return Err(RecipeError::Idle { key: "milestones".into(), with: "lr_schedule multistep" });
        }
        let ascending = milestones.is_sorted_by(|a, b| a < b);
        require(ascending, "milestones", "strictly ascending epochs", || {
            milestones.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
        })
    }
}

/// A value that may be left away, as people write it.
pub(super) fn shown<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

pub(super) fn require(
    ok: bool,
    key: &'static str,
    expected: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), RecipeError> {
    if ok { Ok(()) } else { Err(RecipeError::Value { key, expected, found: found() }) }
}
