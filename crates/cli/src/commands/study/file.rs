//! The study file.

use super::Args;
use crate::failure::Failure;
use rarefy::formats::FormatError;
use rarefy::train::Recipe;
use serde::Deserialize;
use std::path::Path;
use toml::Table;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Study {
    #[serde(default)]
    base: Table,
    networks: Vec<Table>,
    seeds: Option<Vec<u64>>,
    #[serde(default)]
    pub(super) eval: Vec<String>,
}

/// One run of a study.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) recipe: Recipe,
}

impl Study {
    pub(super) fn load(path: &Path) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = rarefy::formats::read_text(path).map_err(|error| match error {
            FormatError::Io { source, .. } => Failure::system(failed(&source)),
            other => Failure::usage(other),
        })?;
        toml::from_str(&text).map_err(|error| Failure::usage(failed(&error)))
    }

    /// Every network with every seed, with the settings that `args` override.
    pub(super) fn runs(&self, args: &Args) -> Result<Vec<Run>, Failure> {
        self.check_seeds()?;
        if self.networks.is_empty() {
            return Err(
                Failure::usage("`networks` is an empty list").hint("name at least one of [[networks]]")
            );
        }
        let mut runs: Vec<Run> = Vec::new();
        for network in &self.networks {
            let (name, recipe) = self.network(network, args)?;
            for seed in self.seeds.clone().unwrap_or_else(|| vec![recipe.seed]) {
                let run = Run { name: format!("{name}-s{seed}"), recipe: Recipe { seed, ..recipe.clone() } };
                if runs.iter().any(|other| other.name == run.name) {
                    return Err(Failure::usage(format!("two networks are called `{name}`")));
                }
                runs.push(run);
            }
        }
        Ok(runs)
    }

    fn check_seeds(&self) -> Result<(), Failure> {
        let seeds = self.seeds.as_deref();
        if seeds.is_some_and(<[u64]>::is_empty) {
            return Err(
                Failure::usage("`seeds` is an empty list").hint("list at least one, or leave the key away")
            );
        }
        let mut sorted = seeds.unwrap_or_default().to_vec();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Failure::usage(format!("seed {} is listed twice", pair[0]))
                .hint("a run that is made twice proves nothing more")),
            None => Ok(()),
        }
    }

    /// Name and recipe of one of the networks.
    fn network(&self, network: &Table, args: &Args) -> Result<(String, Recipe), Failure> {
        let mut table = self.base.clone();
        table.extend(network.clone());
        let Some(toml::Value::String(name)) = table.remove("name") else {
            return Err(Failure::usage("every one of [[networks]] needs a `name`"));
        };
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(Failure::usage(format!("`{name}` is no name of a folder")));
        }
        let in_network = |error: &dyn std::fmt::Display| Failure::usage(format!("`{name}`: {error}"));
        let text = toml::to_string(&table).map_err(|error| in_network(&error))?;
        let mut recipe = Recipe::from_toml(&text).map_err(|error| in_network(&error))?;
        recipe.epochs = args.epochs.unwrap_or(recipe.epochs);
        if args.data_dir.is_some() {
            recipe.data_dir.clone_from(&args.data_dir);
        }
        Ok((name, recipe))
    }
}
