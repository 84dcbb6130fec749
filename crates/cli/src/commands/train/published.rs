//! The command line of the published CIFAR code: `--model` with a flag that only it has.
//!
//! It trains dense unless told `--sparse`, and changes the pattern while training unless told `--fix`.

mod flags;
mod names;

pub(crate) use flags::PublishedFlags;

use super::flags::RecipeFlags;
use crate::failure::Failure;
use rarefy::core::Density;
use rarefy::train::{DynamicOptions, Method, Recipe, UnknownName};

/// The method of the published code without `--fix`.
const ITOP: &str = "itop";
/// Density of the published code.
const DENSITY: f64 = 0.05;

impl PublishedFlags {
    /// Whether the command line is a published one.
    pub(super) fn is_profile(&self, own: &RecipeFlags) -> bool {
        own.model.is_some() && self.any()
    }

    /// Changes the defaults to those of the published code, which for CIFAR are those of its data sets but for the density.
    ///
    /// # Errors
    /// No `--data`: the published default is not ours.
    pub(super) fn defaults(&self, own: &RecipeFlags, recipe: &mut Recipe) -> Result<(), Failure> {
        let Some(data) = &own.data else {
            return Err(Failure::usage("the published command line names its data set")
                .hint("add --data cifar10, cifar100 or mnist"));
        };
        *recipe = Recipe { data: data.clone(), ..Recipe::for_data("cifar10") };
        recipe.density = Density::new(DENSITY).unwrap_or(Density::DENSE);
        Ok(())
    }

    /// Overrides the keys of `recipe` whose flags were given.
    pub(super) fn apply(&self, recipe: &mut Recipe) {
        if let Some(epochs) = self.epoch {
            recipe.epochs = epochs;
        }
        if let Some(weight_decay) = self.l2 {
            recipe.weight_decay = weight_decay;
        }
        if self.save.is_some() {
            recipe.out.clone_from(&self.save);
        }
    }

    /// Overrides the settings of a moving pattern whose flags were given.
    fn move_pattern(&self, options: &mut DynamicOptions) {
        let rule = |flag: Option<&'static str>| flag.map(str::to_lowercase);
        options.grow = rule(self.growth).or(options.grow.take());
        options.drop = rule(self.death).or(options.drop.take());
        options.drop_schedule = rule(self.decay_schedule).or(options.drop_schedule.take());
        options.drop_fraction = self.death_rate.or(options.drop_fraction);
        options.update_every = self.update_frequency.or(options.update_every);
    }

    /// Makes training dense where the published code would, and tells which flags have no effect.
    ///
    /// `fresh`: the settings come from flags alone, from no recipe and no run.
    ///
    /// # Errors
    /// What is not built yet.
    pub(super) fn settle(
        &self,
        own: &RecipeFlags,
        fresh: bool,
        recipe: &mut Recipe,
    ) -> Result<Vec<String>, Failure> {
        if let Some((flag, instead)) = self.unbuilt().first() {
            return Err(Failure::usage(format!("{flag} is not built yet")).hint(*instead));
        }
        let mut warnings = Vec::new();
        let mut no_effect = |flag: &str, reason: &str| {
            warnings.push(format!("{flag} has no effect: {reason}"));
        };
        for (flag, reason) in self.idle() {
            no_effect(flag, reason);
        }
        let dynamic = self.dynamic();
        let profile = fresh && self.is_profile(own);
        if profile && !self.sparse {
            recipe.density = Density::DENSE;
            let about_pattern = [
                (own.density.is_some(), "--density"),
                (own.sparse_init.is_some(), "--sparse-init"),
                (own.pattern.is_some(), "--pattern"),
                (self.fix, "--fix"),
            ];
            let given = about_pattern.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag);
            for flag in given.chain(dynamic) {
                no_effect(flag, "the published command line trains dense without --sparse");
            }
            // For a dense network all rules are the same.
            recipe.sparse_init = Recipe::default().sparse_init;
            recipe.dynamic = DynamicOptions::default();
            return Ok(warnings);
        }
        let moves = |method: Option<Method>| method.is_some_and(|method| method.preset().dynamic);
        if self.fix && moves(own.method) {
            return Err(Failure::usage("--fix keeps the pattern, the --method given moves it")
                .hint("leave one of them away"));
        }
        if self.fix || own.method == Some(Method::STATIC) {
            recipe.method = Method::STATIC;
            for flag in dynamic {
                no_effect(flag, "with --fix the pattern stays as it was drawn");
            }
            if !recipe.dynamic.is_empty() && profile {
                no_effect("--redistribution", "with --fix the pattern stays as it was drawn");
                recipe.dynamic = DynamicOptions::default();
            }
            return Ok(warnings);
        }
        if own.method.is_none() && (profile || !dynamic.is_empty()) {
            // What the published code does without --fix.
            recipe.method = ITOP.parse().map_err(|error: UnknownName| Failure::usage(error.to_string()))?;
        }
        self.move_pattern(&mut recipe.dynamic);
        Ok(warnings)
    }
}
