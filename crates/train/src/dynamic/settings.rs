//! A training method with everything decided.

use crate::error::TrainError;
use crate::recipe::{Recipe, RecipeError};
use rarefy_core::Density;
use rarefy_sparsity::drop::{self, Scope};
use rarefy_sparsity::method::{Hook, Interval, MemoryBound, Order, Preset};
use rarefy_sparsity::schedule::{Decay, DensitySchedule};
use rarefy_sparsity::update::Rules;
use rarefy_sparsity::{grow, redistribution};

/// How the pattern of a run moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    fraction: (f64, f64, Decay),
    every: u64,
    /// Last step at which the pattern may move.
    until: u64,
    pub(crate) order: Order,
    pub(crate) density: DensitySchedule,
    /// The density's schedule ended with a run that this one goes on from.
    ended: bool,
    bound: MemoryBound,
    pub(crate) hook: Hook,
    /// Steps of the whole run.
    steps: u64,
    /// Final density.
    last: Density,
    pub(crate) l1: f64,
    pub(crate) temperature: f64,
}

/// Deep R's pull towards zero and temperature: those of the published code for MNIST (L1 of 1e-5, noise of 1e-5 at a rate of 0.5).
const DEEPR: (f64, f64) = (1e-5, 2.5e-11);

impl Recipe {
    /// How the pattern moves in a run of epochs of `steps_per_epoch` steps; `None` if it stays.
    pub(crate) fn dynamics(&self, steps_per_epoch: u64) -> Result<Option<Settings>, TrainError> {
        let preset = self.method.preset();
        if !preset.dynamic {
            return Ok(None);
        }
        let options = &self.dynamic;
        let steps = u64::from(self.total_epochs()) * steps_per_epoch;
        let text =
            |option: &Option<String>, preset: &'static str| option.clone().unwrap_or(preset.to_owned());
        let defaults = drop::Settings::default();
        let rules = Rules {
            drop: drop::find(&text(&options.drop, preset.drop))?,
            settings: drop::Settings {
                threshold: options.drop_threshold.unwrap_or(defaults.threshold),
                lambda: options.mest_lambda.unwrap_or(defaults.lambda),
            },
            scope: match &options.drop_scope {
                Some(name) => choice("drop_scope", name, Scope::ALL)?,
                None => preset.scope,
            },
            grow: grow::find(&text(&options.grow, preset.grow))?,
            redistribution: redistribution::find(&text(&options.redistribution, preset.redistribution))?,
        };
        let decay = match &options.drop_schedule {
            Some(name) => Decay::find(name)?,
            None => preset.decay,
        };
        let fraction = options.drop_fraction.unwrap_or(preset.fraction);
        let end = options.drop_fraction_end.unwrap_or(preset.fraction_end).min(fraction);
        let every = options.update_every.unwrap_or(match preset.every {
            Interval::Steps(steps) => steps,
            Interval::Epoch => steps_per_epoch,
        });
        let until = options.update_until.unwrap_or(preset.until);
        let density = self.density_schedule(preset)?;
        let bound = match &options.memory_bound {
            Some(name) => choice("memory_bound", name, MemoryBound::ALL)?,
            None if density == DensitySchedule::Constant => preset.bound,
            None => MemoryBound::Hard,
        };
        if bound == MemoryBound::Soft && density != DensitySchedule::Constant {
            let (key, expected) = ("memory_bound", "hard where the density has a schedule of its own");
            return Err(RecipeError::Value { key, expected, found: bound.name().to_owned() }.into());
        }
        // What a schedule of the density has come to, it stays: it had its end in the run that was asked for, and a longer run's
        // schedule would make the network denser again. Weights go on being exchanged, if that is part of the method.
        let ended = density != DensitySchedule::Constant && !self.extended_from.is_empty();
        let exchanges = matches!(density, DensitySchedule::Cubic { .. }) && fraction > 0.0;
        let until = if ended && !exchanges { 0.0 } else { until };
        let density = if ended { DensitySchedule::Constant } else { density };
        Ok(Some(Settings {
            rules,
            fraction: (fraction, end, decay),
            every: every.max(1),
            until: (until * steps as f64).round() as u64,
            order: match &options.update_order {
                Some(name) => choice("update_order", name, Order::ALL)?,
                None => preset.order,
            },
            density,
            ended,
            bound,
            hook: preset.hook,
            steps,
            last: self.density,
            l1: options.deepr_l1.unwrap_or(DEEPR.0),
            temperature: options.deepr_temperature.unwrap_or(DEEPR.1),
        }))
    }

    /// How dense the network is over the run.
    fn density_schedule(&self, preset: &Preset) -> Result<DensitySchedule, TrainError> {
        let options = &self.dynamic;
        let names: Vec<(&str, &str)> = DensitySchedule::NAMES.iter().map(|&name| (name, name)).collect();
        let name = match &options.density_schedule {
            Some(name) => choice("density_schedule", name, &names)?,
            None => preset.density.name(),
        };
        let given = |option: Option<f64>, default: f64| option.unwrap_or(default);
        let schedule = match (name, preset.density) {
            ("constant", _) => DensitySchedule::Constant,
            ("cubic", preset) => {
                let (initial, from, to) = match preset {
                    DensitySchedule::Cubic { initial, from, to } => (initial, from, to),
                    _ => (1.0, 0.1, 0.75),
                };
                DensitySchedule::Cubic {
                    initial: options.initial_density.map_or(initial, Density::get),
                    from: given(options.density_from, from),
                    to: given(options.density_to, to),
                }
            }
            (_, preset) => {
                let (warmup, phase, until) = match preset {
                    DensitySchedule::Alternating { warmup, phase, until } => (warmup, phase, until),
                    _ => (0.1, 0.05, 0.85),
                };
                DensitySchedule::Alternating {
                    warmup: given(options.density_from, warmup),
                    phase: given(options.density_phase, phase),
                    until: given(options.density_to, until),
                }
            }
        };
        let (DensitySchedule::Cubic { from, to, .. }
        | DensitySchedule::Alternating { warmup: from, until: to, .. }) = schedule
        else {
            return Ok(schedule);
        };
        if from < to {
            return Ok(schedule);
        }
        let (key, expected) = ("density_from", "less than density_to");
        Err(RecipeError::Value { key, expected, found: format!("{from} and {to}") }.into())
    }

    /// Density of the first pattern.
    ///
    /// # Errors
    /// A schedule that does not exist.
    pub fn initial_density(&self) -> Result<Density, TrainError> {
        let preset = self.method.preset();
        if !preset.dynamic {
            return Ok(self.density);
        }
        Ok(self.density_schedule(preset)?.initial(self.density))
    }
}

impl Settings {
    /// Steps between updates.
    pub(crate) fn every(&self) -> u64 {
        self.every
    }

    /// Last step at which the pattern may move.
    pub(crate) fn until(&self) -> u64 {
        self.until
    }

    /// Steps of the whole run.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps of the whole run at which [`Settings::due`].
    pub(crate) fn planned(&self) -> u64 {
        let turns = self.density.turning_points(self.steps);
        if let DensitySchedule::Alternating { .. } = self.density {
            return turns.len() as u64;
        }
        let last = self.last_multiple().min(self.steps.saturating_sub(1));
        let beside = turns.iter().filter(|&&step| !step.is_multiple_of(self.every) || step > last);
        last / self.every + beside.count() as u64
    }

    /// Last step at which an update may come because of the interval.
    fn last_multiple(&self) -> u64 {
        // A soft bound needs one update more, which takes back what the last has added.
        let extra = if self.bound == MemoryBound::Soft { self.every } else { 0 };
        self.until.saturating_add(extra)
    }

    /// Whether the pattern moves at `step` (from 1).
    pub(crate) fn due(&self, step: u64) -> bool {
        if let DensitySchedule::Alternating { .. } = self.density {
            return self.density.turns(step, self.steps);
        }
        let within = step <= self.last_multiple() && step < self.steps;
        step.is_multiple_of(self.every) && within || self.density.turns(step, self.steps)
    }

    /// The last step at which the pattern moves, if its density stays and it moves at all.
    pub(crate) fn last_update(&self) -> Option<u64> {
        let extra = if self.bound == MemoryBound::Soft { self.every } else { 0 };
        let most = self.until.saturating_add(extra).min(self.steps.saturating_sub(1));
        Some(most / self.every * self.every).filter(|&step| step > 0)
    }

    /// Share of existing blocks exchanged at `step`, of the density's number.
    fn share(&self, step: u64) -> f64 {
        let (start, end, decay) = self.fraction;
        if step > self.until { 0.0 } else { decay.fraction(start, end, step, self.until).clamp(0.0, 1.0) }
    }

    /// Whether what grows at `step` comes on top of the density: there is an update after it that takes it back.
    fn exceeds(&self, step: u64) -> bool {
        self.bound == MemoryBound::Soft && step.saturating_add(self.every) < self.steps
    }

    /// Share of the blocks that remain at `step` that are exchanged. Of `1 + f` times the density's number `f / (1 + f)`.
    pub(crate) fn fraction(&self, step: u64) -> f64 {
        let share = self.share(step);
        if self.exceeds(step) { share / (1.0 + share) } else { share }
    }

    /// Weights after an update at `step`, of `weights` in all; `constant` were drawn.
    pub(crate) fn target(&self, step: u64, weights: u64, constant: u64) -> u64 {
        match self.density {
            DensitySchedule::Constant if self.exceeds(step) => {
                (constant + (self.share(step) * constant as f64).round() as u64).min(weights)
            }
            DensitySchedule::Constant if self.ended => self.last.budget(weights),
            DensitySchedule::Constant => constant,
            schedule => schedule.density(self.last, step, self.steps).budget(weights),
        }
    }

    /// Whether layers keep their number of weights.
    pub(crate) fn keeps_counts(&self) -> bool {
        self.density == DensitySchedule::Constant
            && self.bound == MemoryBound::Hard
            && self.rules.scope == Scope::Layer
            && self.rules.redistribution.name() == "none"
    }
}

/// The value called `name`.
fn choice<T: Copy>(what: &'static str, name: &str, choices: &[(&str, T)]) -> Result<T, RecipeError> {
    crate::names::pick(what, name, choices).map_err(RecipeError::Key)
}

#[cfg(test)]
mod tests {
    use crate::recipe::{Method, Recipe};

    #[test]
    fn as_many_updates_are_planned_as_steps_are_due() {
        for method in Method::all().filter(|method| method.preset().dynamic) {
            for (epochs, steps_per_epoch) in [(1, 1), (2, 20), (3, 7), (40, 20), (9, 352)] {
                for every in [None, Some(1), Some(7), Some(100_000)] {
                    let mut recipe = Recipe { method, epochs, ..Recipe::default() };
                    recipe.dynamic.update_every = every;
                    let settings = recipe.dynamics(steps_per_epoch).unwrap().unwrap();
                    let due = (1..=settings.steps()).filter(|&step| settings.due(step)).count();
                    let run = format!("{method} {epochs} x {steps_per_epoch}, every {every:?}");
                    assert_eq!(settings.planned(), due as u64, "{run}");
                }
            }
        }
    }
}
