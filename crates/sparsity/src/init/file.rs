//! Densities of your own.

use super::{Problem, Rule};
use crate::{Layer, SparsityError};
use rarefy_core::{Density, suggest};

/// The densities of a table from layer name to density ([`crate::Options::layer_densities`]), as they are: the density of the
/// network follows from them, whatever was asked for. The name `*` stands for every layer without an entry.
#[derive(Clone, Copy, Debug)]
pub struct File;

/// Every other layer.
const OTHERS: &str = "*";

impl Rule for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn summary(&self) -> &'static str {
        "file:PATH: densities by layer name, TOML or JSON; they decide the overall density"
    }

    fn density(&self, problem: &Problem<'_>) -> Result<Density, SparsityError> {
        let densities = self.densities(problem)?;
        let kept = densities.iter().zip(problem.layers).map(|(d, layer)| d * layer.weights() as f64);
        let overall = (kept.sum::<f64>() / problem.weights() as f64).min(1.0);
        Density::new(overall).map_err(|_| SparsityError::NoLayers)
    }

    fn densities(&self, problem: &Problem<'_>) -> Result<Vec<f64>, SparsityError> {
        let table = &problem.options.layer_densities;
        let density = |layer: &Layer| {
            let found = table.get(&layer.name).or_else(|| table.get(OTHERS));
            let &found = found.ok_or_else(|| SparsityError::NoDensity { layer: layer.name.clone() })?;
            match found > 0.0 && found <= 1.0 {
                true => Ok(found),
                false => Err(SparsityError::LayerDensity { layer: layer.name.clone(), found }),
            }
        };
        problem.layers.iter().map(density).collect()
    }
}

impl File {
    /// Checks that every name of the table is a layer.
    pub(crate) fn check(layers: &[Layer], options: &crate::Options) -> Result<(), SparsityError> {
        let known = |name: &str| name == OTHERS || layers.iter().any(|layer| layer.name == name);
        let Some(name) = options.layer_densities.keys().find(|name| !known(name)) else { return Ok(()) };
        let names = layers.iter().map(|layer| layer.name.as_str());
        Err(SparsityError::NoSuchLayer {
            what: "the table of densities",
            name: name.clone(),
            suggestion: suggest(name, names).map(str::to_owned),
        })
    }
}
