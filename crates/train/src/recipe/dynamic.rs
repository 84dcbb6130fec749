//! What a recipe says about a moving pattern.

use super::RecipeError;
use super::check::{require, shown};
use rarefy_core::Density;
use serde::{Deserialize, Serialize};

/// Settings that override those of the training method; the table `[dynamic]` of a recipe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicOptions {
    /// Rule by which weights go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<String>,
    /// Among which weights it looks: `layer` or `global`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_scope: Option<String>,
    /// Share of existing weights exchanged at an update, at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_fraction: Option<f64>,
    /// Where that share ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_fraction_end: Option<f64>,
    /// How it gets there: `constant`, `cosine` or `linear`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_schedule: Option<String>,
    /// Absolute values below it go with `drop = "threshold"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_threshold: Option<f64>,
    /// Weight of the gradient with `drop = "mest"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mest_lambda: Option<f64>,
    /// Rule by which weights grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grow: Option<String>,
    /// Rule by which layers share growth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redistribution: Option<String>,
    /// Steps between updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_every: Option<u64>,
    /// Share of all steps after which the pattern stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_until: Option<f64>,
    /// `replace` (in place of the optimizer's step) or `after` it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_order: Option<String>,
    /// `hard` or `soft`: whether weights may exceed a constant density between updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bound: Option<String>,
    /// `constant`, `cubic` or `alternating`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_schedule: Option<String>,
    /// Density before a cubic ramp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_density: Option<Density>,
    /// Share of all steps at which the ramp starts, or the first dense phase ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_from: Option<f64>,
    /// Share of all steps at which the ramp ends, or after which no phase begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_to: Option<f64>,
    /// Share of all steps that a dense or compressed phase takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density_phase: Option<f64>,
    /// Pull of `deepr` towards zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deepr_l1: Option<f64>,
    /// Temperature of `deepr`'s noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deepr_temperature: Option<f64>,
}

impl DynamicOptions {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first key that says something, if any does.
    pub(super) fn first_key(&self) -> Option<String> {
        let keys = serde_json::to_value(self).ok()?;
        keys.as_object()?.keys().next().cloned()
    }

    /// Checks every range.
    pub(super) fn check(&self) -> Result<(), RecipeError> {
        let share = |key, value: Option<f64>| {
            let ok = value.is_none_or(|value| (0.0..=1.0).contains(&value));
            require(ok, key, "a number from 0 to 1", || shown(value))
        };
        share("drop_fraction", self.drop_fraction)?;
        share("drop_fraction_end", self.drop_fraction_end)?;
        share("update_until", self.update_until)?;
        share("density_from", self.density_from)?;
        share("density_to", self.density_to)?;
        let phase = self.density_phase.is_none_or(|phase| (0.001..=1.0).contains(&phase));
        require(phase, "density_phase", "a number from 0.001 to 1", || shown(self.density_phase))?;
        for (key, value) in [
            ("drop_threshold", self.drop_threshold),
            ("mest_lambda", self.mest_lambda),
            ("deepr_l1", self.deepr_l1),
            ("deepr_temperature", self.deepr_temperature),
        ] {
            let ok = value.is_none_or(|value| value.is_finite() && value >= 0.0);
            require(ok, key, "a finite number, 0 or above", || shown(value))?;
        }
        let every = self.update_every.is_none_or(|every| every > 0);
        require(every, "update_every", "a number of steps above 0", || shown(self.update_every))
    }
}
