//! What a recipe says about its sparse init.

use super::{BudgetName, MaskSamplingName, Recipe, RecipeError};
use rarefy_sparsity::{BudgetOver, KeepDense, MaskSampling, Options};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// Layers that stay dense, as text: see [`KeepDense`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeepDenseList(pub KeepDense);

impl FromStr for KeepDenseList {
    type Err = rarefy_sparsity::KeepDenseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for KeepDenseList {
    type Error = rarefy_sparsity::KeepDenseError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KeepDenseList> for String {
    fn from(list: KeepDenseList) -> String {
        list.0.to_string()
    }
}

impl Recipe {
    /// Training samples of each class that `snip` and `grasp` look at.
    pub fn samples_per_class(&self) -> u32 {
        self.samples_per_class.unwrap_or(10)
    }

    /// The options of the sparse init.
    pub fn init_options(&self) -> Options {
        let default = Options::default();
        Options {
            erk_power: self.erk_power.unwrap_or(default.erk_power),
            fc_density: self.fc_density.unwrap_or(default.fc_density),
            keep_dense: self.keep_dense.clone().map_or(default.keep_dense, |list| list.0),
            budget: match self.budget {
                Some(BudgetName::Pruned) => BudgetOver::Pruned,
                Some(BudgetName::Total) | None => BudgetOver::Total,
            },
            mask_sampling: match self.mask_sampling {
                Some(MaskSamplingName::Bernoulli) => MaskSampling::Bernoulli,
                Some(MaskSamplingName::Exact) | None => MaskSampling::Exact,
            },
            saliency_mask: self.saliency_mask.unwrap_or(default.saliency_mask),
            saliency_rounds: self.saliency_rounds.unwrap_or(default.saliency_rounds),
            min_per_layer: self.min_per_layer.unwrap_or(default.min_per_layer),
            layer_densities: self.layer_densities.clone().unwrap_or_default(),
        }
    }

    /// The recipe with the table of `sparse_init = "file:PATH"` in it, so that it needs the file no more.
    ///
    /// # Errors
    /// A file that cannot be read or is no table of numbers; `file` without a table.
    pub fn with_layer_densities(self) -> Result<Self, RecipeError> {
        let Some(path) = self.sparse_init.strip_prefix("file:") else {
            let table = self.sparse_init != "file" || self.layer_densities.is_some();
            return super::check::require(
                table,
                "layer_densities",
                "a table when sparse_init is file:PATH",
                || "none".into(),
            )
            .map(|()| self);
        };
        let table = load(Path::new(path))?;
        Ok(Self { sparse_init: "file".into(), layer_densities: Some(table), ..self })
    }
}

/// Reads a table from layer name to density: JSON if the file's name says so, else TOML.
fn load(path: &Path) -> Result<BTreeMap<String, f64>, RecipeError> {
    let text = super::toml::read(path)?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let table = if json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())
    };
    table.map_err(|problem| {
        let problem = format!("expected a table from layer name to density: {problem}");
        RecipeError::InFile { path: path.to_owned(), source: Box::new(RecipeError::Syntax { problem }) }
    })
}
