//! Which keys mean something only together with others.
//!
//! A key that nothing reads is most often a mistake in another one: it is refused rather than ignored. A recipe of an earlier
//! run is read all the same, as its result is what it is.

use super::{OptimizerName, Recipe, RecipeError};
use rarefy_core::same_name;
use rarefy_sparsity::init;
use rarefy_sparsity::method::Hook;
use rarefy_sparsity::schedule::{Decay, DensitySchedule};

/// A key and what it needs.
struct Need {
    /// The key; those of the table `dynamic` are written `dynamic.KEY`.
    key: &'static str,
    /// Whether the recipe says something by it.
    given: fn(&Recipe) -> bool,
    /// Whether anything reads it.
    met: fn(&Recipe) -> bool,
    /// What it needs, as the end of "has a meaning only with ...".
    with: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        key: "split_seed",
        given: |recipe| recipe.split_seed.is_some(),
        met: |recipe| recipe.valid_split != Some(0.0),
        with: "a validation split, valid_split above 0",
    },
    Need {
        key: "sparse_init",
        given: |recipe| {
            let usual = [Some("erk"), recipe.method.preset().init];
            !usual.into_iter().flatten().any(|usual| same_name(usual, &recipe.sparse_init))
        },
        met: |recipe| recipe.mask_from.is_none(),
        with: "a pattern that is drawn: mask_from takes that of another run",
    },
    Need {
        key: "erk_power",
        given: |recipe| recipe.erk_power.is_some(),
        met: |recipe| has_init(recipe, &["er", "erk", "erk_plus"]),
        with: "sparse_init er, erk or erk_plus",
    },
    Need {
        key: "fc_density",
        given: |recipe| recipe.fc_density.is_some(),
        met: |recipe| has_init(recipe, &["erk_plus"]),
        with: "sparse_init erk_plus",
    },
    Need {
        key: "budget",
        given: |recipe| recipe.budget.is_some(),
        met: |recipe| recipe.keep_dense.is_some(),
        with: "keep_dense",
    },
    Need {
        key: "saliency_mask",
        given: |recipe| recipe.saliency_mask == Some(true),
        met: has_saliency,
        with: "a saliency as sparse_init: snip, grasp, synflow or magnitude",
    },
    Need {
        key: "saliency_rounds",
        given: |recipe| recipe.saliency_rounds.is_some(),
        met: |recipe| has_init(recipe, &["synflow"]),
        with: "sparse_init synflow",
    },
    Need {
        key: "samples_per_class",
        given: |recipe| recipe.samples_per_class.is_some(),
        met: |recipe| has_init(recipe, &["snip", "grasp"]),
        with: "sparse_init snip or grasp",
    },
    Need {
        key: "min_per_layer",
        given: |recipe| recipe.min_per_layer.is_some(),
        met: has_saliency,
        with: "a saliency as sparse_init: snip, grasp, synflow or magnitude",
    },
    Need {
        key: "layer_densities",
        given: |recipe| recipe.layer_densities.is_some(),
        met: |recipe| has_init(recipe, &["file"]),
        with: "sparse_init file",
    },
    Need {
        key: "momentum",
        given: |recipe| recipe.momentum != Recipe::default().momentum,
        met: |recipe| recipe.optimizer == OptimizerName::Sgd,
        with: "optimizer sgd",
    },
    Need {
        key: "nesterov",
        given: |recipe| recipe.nesterov != Recipe::default().nesterov,
        met: |recipe| recipe.optimizer == OptimizerName::Sgd,
        with: "optimizer sgd",
    },
    Need {
        key: "dynamic.drop_threshold",
        given: |recipe| recipe.dynamic.drop_threshold.is_some(),
        met: |recipe| drops_by(recipe, "threshold"),
        with: "drop threshold",
    },
    Need {
        key: "dynamic.mest_lambda",
        given: |recipe| recipe.dynamic.mest_lambda.is_some(),
        met: |recipe| drops_by(recipe, "mest"),
        with: "drop mest",
    },
    Need {
        key: "dynamic.deepr_l1",
        given: |recipe| recipe.dynamic.deepr_l1.is_some(),
        met: |recipe| recipe.method.preset().hook == Hook::FixedSigns,
        with: "method deepr",
    },
    Need {
        key: "dynamic.deepr_temperature",
        given: |recipe| recipe.dynamic.deepr_temperature.is_some(),
        met: |recipe| recipe.method.preset().hook == Hook::FixedSigns,
        with: "method deepr",
    },
    Need {
        key: "dynamic.drop_fraction_end",
        given: |recipe| recipe.dynamic.drop_fraction_end.is_some(),
        met: |recipe| {
            let decay = recipe.dynamic.drop_schedule.as_deref();
            decay.map_or(Ok(recipe.method.preset().decay), Decay::find) != Ok(Decay::Constant)
        },
        with: "a drop_schedule other than constant",
    },
    Need {
        key: "dynamic.update_every",
        given: |recipe| recipe.dynamic.update_every.is_some(),
        met: |recipe| !has_schedule(recipe, &["alternating"]),
        with: "a density_schedule other than alternating, whose phases say when the pattern moves",
    },
    Need {
        key: "dynamic.initial_density",
        given: |recipe| recipe.dynamic.initial_density.is_some(),
        met: |recipe| has_schedule(recipe, &["cubic"]),
        with: "density_schedule cubic",
    },
    Need {
        key: "dynamic.density_from",
        given: |recipe| recipe.dynamic.density_from.is_some(),
        met: |recipe| has_schedule(recipe, &["cubic", "alternating"]),
        with: "density_schedule cubic or alternating",
    },
    Need {
        key: "dynamic.density_to",
        given: |recipe| recipe.dynamic.density_to.is_some(),
        met: |recipe| has_schedule(recipe, &["cubic", "alternating"]),
        with: "density_schedule cubic or alternating",
    },
    Need {
        key: "dynamic.density_phase",
        given: |recipe| recipe.dynamic.density_phase.is_some(),
        met: |recipe| has_schedule(recipe, &["alternating"]),
        with: "density_schedule alternating",
    },
];

fn has_init(recipe: &Recipe, names: &[&str]) -> bool {
    init::find(&recipe.sparse_init).is_ok_and(|rule| names.contains(&rule.name()))
}

fn has_saliency(recipe: &Recipe) -> bool {
    init::find(&recipe.sparse_init).is_ok_and(|rule| rule.saliency().is_some())
}

fn drops_by(recipe: &Recipe, rule: &str) -> bool {
    same_name(recipe.dynamic.drop.as_deref().unwrap_or(recipe.method.preset().drop), rule)
}

fn has_schedule(recipe: &Recipe, names: &[&str]) -> bool {
    let own = recipe.dynamic.density_schedule.as_deref().unwrap_or(recipe.method.preset().density.name());
    debug_assert!(names.iter().all(|name| DensitySchedule::NAMES.contains(name)));
    names.iter().any(|name| same_name(own, name))
}

impl Recipe {
    /// The keys that say something which nothing reads, each with what it needs.
    pub fn idle_keys(&self) -> Vec<(&'static str, &'static str)> {
        let idle = NEEDS.iter().filter(|need| (need.given)(self) && !(need.met)(self));
        idle.map(|need| (need.key, need.with)).collect()
    }

    /// Refuses keys that nothing reads.
    ///
    /// # Errors
    /// [`RecipeError::Idle`] with the first of [`Recipe::idle_keys`].
    pub fn check_needs(&self) -> Result<(), RecipeError> {
        match self.idle_keys().first() {
            Some(&(key, with)) => Err(RecipeError::Idle { key: key.to_owned(), with }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that are read whatever the others say, or whose needs [`Recipe::check`] and the data set know.
    const READ_ALWAYS: &[&str] = &[
        "data",
        "data_dir",
        "valid_split",
        "normalization",
        "pad_to_32",
        "model",
        "density",
        "keep_dense",
        "mask_sampling",
        "pattern",
        "match",
        "mask_from",
        "shuffle_mask",
        "reinit",
        "weights_from",
        "rewind_epoch",
        "scaled",
        "method",
        "epochs",
        "multiplier",
        "extended_from",
        "batch_size",
        "accumulate",
        "norm_batch",
        "test_batch_size",
        "lr",
        "lr_schedule",
        "milestones",
        "warmup",
        "optimizer",
        "weight_decay",
        "seed",
        "mask_seed",
        "init_seed",
        "data_seed",
        "threads",
        "checkpoint_every",
        "log_gradient_flow",
        "dynamic",
        "out",
    ];

    #[test]
    fn every_key_says_what_it_needs_or_is_read_always() {
        for key in Recipe::keys() {
            let needs = NEEDS.iter().any(|need| need.key == *key);
            assert!(needs != READ_ALWAYS.contains(key), "{key}");
        }
    }

    #[test]
    fn what_nothing_reads_is_refused_and_what_is_read_is_not() {
        let refused = [
            ("saliency_mask = true", "saliency_mask"),
            ("saliency_rounds = 5\nsparse_init = \"snip\"", "saliency_rounds"),
            ("samples_per_class = 5", "samples_per_class"),
            ("min_per_layer = 5", "min_per_layer"),
            ("erk_power = 0.5\nsparse_init = \"uniform\"", "erk_power"),
            ("fc_density = 0.5", "fc_density"),
            ("budget = \"pruned\"", "budget"),
            ("optimizer = \"adam\"\nmomentum = 0.5", "momentum"),
            ("optimizer = \"adam\"\nnesterov = false", "nesterov"),
            ("split_seed = 3\nvalid_split = 0.0", "split_seed"),
            ("sparse_init = \"snip\"\nmask_from = \"run\"", "sparse_init"),
            ("method = \"rigl\"\n[dynamic]\ndrop_threshold = 0.1", "dynamic.drop_threshold"),
            ("method = \"rigl\"\n[dynamic]\nmest_lambda = 0.1", "dynamic.mest_lambda"),
            ("method = \"rigl\"\n[dynamic]\ndeepr_l1 = 0.1", "dynamic.deepr_l1"),
            ("method = \"set\"\n[dynamic]\ndrop_fraction_end = 0.1", "dynamic.drop_fraction_end"),
            ("method = \"rigl\"\n[dynamic]\ninitial_density = 0.5", "dynamic.initial_density"),
            ("method = \"rigl\"\n[dynamic]\ndensity_to = 0.5", "dynamic.density_to"),
            ("method = \"gmp\"\n[dynamic]\ndensity_phase = 0.5", "dynamic.density_phase"),
            ("method = \"ac_dc\"\n[dynamic]\nupdate_every = 5", "dynamic.update_every"),
        ];
        for (text, key) in refused {
            // It can be read, as runs of earlier versions have it.
            let recipe = Recipe::from_toml(text).expect(text);
            assert!(recipe.idle_keys().iter().any(|(idle, _)| *idle == key), "{text}");
            assert!(recipe.check_needs().unwrap_err().to_string().starts_with(&format!("`{key}`")), "{text}");
        }
        for text in [
            "",
            "saliency_mask = true\nsparse_init = \"SNIP\"",
            "saliency_rounds = 5\nsparse_init = \"synflow\"",
            "optimizer = \"adam\"",
            "method = \"set\"\nsparse_init = \"er\"\nmask_from = \"run\"",
            "method = \"rigl\"\n[dynamic]\ndrop = \"mest\"\nmest_lambda = 0.1",
            "method = \"deepr\"\n[dynamic]\ndeepr_l1 = 0.1",
            "method = \"gmp\"\n[dynamic]\ninitial_density = 0.5\ndensity_to = 0.5",
        ] {
            let recipe = Recipe::from_toml(text).expect(text);
            assert_eq!(recipe.check_needs(), Ok(()), "{text}");
        }
    }
}
