//! The part of a recipe that decides the result.

use super::{LrScheduleName, Recipe, published_milestones};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Keys in which the runs of one setting differ.
const SEEDS: [&str; 3] = ["mask_seed", "init_seed", "data_seed"];
/// Keys that name files of other networks.
const SOURCES: [&str; 2] = ["mask_from", "weights_from"];

/// What decides the bits of a run: every key but [`Recipe::NEUTRAL`], with seeds and milestones filled in. Checkpoints
/// carry it, so that a run is only resumed as what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(Map<String, Value>);

/// A key in which two runs differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: String,
    /// Its value in the first identity.
    pub left: String,
    /// Its value in the second identity.
    pub right: String,
}

impl Recipe {
    /// Keys that change where and how fast a run goes, but no bit of its result.
    pub const NEUTRAL: [&str; 6] =
        ["data_dir", "threads", "test_batch_size", "checkpoint_every", "log_gradient_flow", "out"];

    /// What decides the bits of this run.
    pub fn identity(&self) -> Identity {
        let complete = Self {
            mask_seed: Some(self.mask_seed()),
            init_seed: Some(self.init_seed()),
            data_seed: Some(self.data_seed()),
            norm_batch: self.norm_batch.filter(|most| *most != self.batch_size),
            // Only multistep looks at milestones.
            milestones: Some(self.base_milestones())
                .filter(|_| self.lr_schedule == LrScheduleName::MULTISTEP),
            ..self.clone()
        };
        let mut map = match serde_json::to_value(&complete) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        };
        map.retain(|key, _| !Self::NEUTRAL.contains(&key.as_str()) && key != "seed");
        Identity(map)
    }
}

impl Identity {
    /// The value of a key as text.
    pub fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// What the run is a sample of, key by key as text: all but its seeds and its [`Identity::sources`].
    pub fn settings(&self) -> BTreeMap<String, String> {
        self.texts(|key| !SEEDS.contains(&key) && !SOURCES.contains(&key))
    }

    /// The files of other networks that the run starts from (`mask_from`, `weights_from`), by key.
    pub fn sources(&self) -> BTreeMap<String, String> {
        self.texts(|key| SOURCES.contains(&key))
    }

    fn texts(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let keys = self.0.keys().filter(|key| wanted(key));
        keys.filter_map(|key| Some((key.clone(), self.get(key)?))).collect()
    }

    /// The recipe that has this identity, with default folders and threads.
    pub fn to_recipe(&self) -> Result<Recipe, String> {
        let mut recipe: Recipe =
            serde_json::from_value(Value::Object(self.0.clone())).map_err(|error| error.to_string())?;
        // Those filled in may coincide in a short run, which nobody may ask for.
        recipe.milestones = recipe.milestones.filter(|given| *given != published_milestones(recipe.epochs));
        recipe.check().map_err(|error| error.to_string())?;
        Ok(recipe)
    }

    /// The first key in which `self` and `other` differ.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let text =
            |map: &Map<String, Value>, key: &str| map.get(key).map_or("absent".into(), Value::to_string);
        self.0
            .keys()
            .chain(other.0.keys())
            // A checkpoint written before a key became neutral has it still.
            .filter(|key| !Recipe::NEUTRAL.contains(&key.as_str()))
            .find(|key| self.0.get(*key) != other.0.get(*key))
            .map(|key| Difference { key: key.clone(), left: text(&self.0, key), right: text(&other.0, key) })
    }
}
