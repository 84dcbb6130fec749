//! The command line of the published CIFAR code: `--model` with a flag that only it has.
//!
//! It trains dense unless told `--sparse`, and changes the pattern while training unless told `--fix`.

mod flags;
mod names;

pub(crate) use flags::PublishedFlags;

use super::flags::RecipeFlags;
use crate::failure::Failure;
use rarefy::core::Density;
use rarefy::train::Recipe;

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
            return Ok(warnings);
        }
        let fixed = self.fix || own.method.is_some();
        if !fixed && (profile || !dynamic.is_empty()) {
            return Err(Failure::usage(
                "without --fix the published training changes its pattern while training, which is not built yet",
            )
            .hint("add --fix to train the random pattern as it was drawn"));
        }
        for flag in dynamic {
            no_effect(flag, "with --fix the pattern stays as it was drawn");
        }
        Ok(warnings)
    }
}
