//! The part of a recipe that decides the result.

use super::{LrScheduleName, Recipe, published_milestones};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Keys that change where and how fast a run goes, but no bit of its result.
const NO_RESULT: [&str; 5] = ["data_dir", "threads", "checkpoint_every", "log_gradient_flow", "out"];

/// What decides the bits of a run: every key but folders, threads and checkpoint interval, with seeds and milestones
/// filled in. Checkpoints carry it, so that a run is only resumed as what it was.
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
    /// What decides the bits of this run.
    pub fn identity(&self) -> Identity {
        let complete = Self {
            mask_seed: Some(self.mask_seed()),
            init_seed: Some(self.init_seed()),
            data_seed: Some(self.data_seed()),
            test_batch_size: self.test_batch_size.filter(|size| *size != self.batch_size),
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
        map.retain(|key, _| !NO_RESULT.contains(&key.as_str()) && key != "seed");
        Identity(map)
    }
}

impl Identity {
    /// The value of a key as text.
    pub fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
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
            .find(|key| self.0.get(*key) != other.0.get(*key))
            .map(|key| Difference { key: key.clone(), left: text(&self.0, key), right: text(&other.0, key) })
    }
}
