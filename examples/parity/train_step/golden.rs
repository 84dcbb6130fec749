//! What a train step file holds.

use crate::json;
use crate::tally::Tally;
use crate::tensors::{self, Tensor};
use rarefy::core::{Block, Extent, Pattern};
use rarefy::nn::graph::{Graph, Role};
use rarefy::nn::models;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Configuration and tensors of a train step file.
pub(crate) struct Golden {
    pub(crate) graph: Graph,
    pub(crate) batch: usize,
    pub(crate) steps: usize,
    pub(crate) lr: f64,
    pub(crate) momentum: f64,
    pub(crate) nesterov: bool,
    pub(crate) weight_decay: f64,
    pub(crate) eval_loss: f64,
    json: Value,
    tensors: HashMap<String, Tensor>,
}

impl Golden {
    /// Reads `path` and the `.json` beside it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let json = json::read(&path.with_extension("json"))?;
        let tensors = tensors::read(path)?;
        let images = tensors.get("x.step1").ok_or("no tensor `x.step1`")?;
        let &[batch, channels, height, width] = images.shape.as_slice() else {
            return Err(format!(
                "expected `x.step1` to be [batch, channels, height, width], found {:?}",
                images.shape
            ));
        };

        let config = json::get(&json, "config")?;
        let number = |key: &str| json::number(json::get(config, key)?);
        let integer = |key: &str| json::integer(json::get(config, key)?).map(|value| value as usize);
        if integer("batch")? != batch {
            return Err(format!(
                "the configuration's batch is {}, `x.step1` holds {batch} images",
                integer("batch")?
            ));
        }
        let model = json::text(json::get(config, "model")?)?;
        let graph = models::build(model, Extent { channels, height, width }, integer("classes")?)
            .map_err(|error| error.to_string())?;
        let nesterov = json::get(config, "nesterov")?.as_bool().ok_or("`nesterov` must be true or false")?;
        Ok(Self {
            batch,
            graph,
            steps: integer("steps")?,
            lr: number("lr")?,
            momentum: number("momentum")?,
            nesterov,
            weight_decay: number("weight_decay")?,
            eval_loss: json::number(json::get(&json, "eval_loss")?)?,
            json,
            tensors,
        })
    }

    /// The values of a tensor.
    pub(crate) fn tensor(&self, name: &str) -> Result<&[f64], String> {
        let tensor = self.tensors.get(name).ok_or_else(|| format!("no tensor `{name}`"))?;
        Ok(&tensor.values)
    }

    /// A tensor of one parameter, of the size the graph gives it.
    pub(crate) fn parameter(&self, kind: &str, parameter: usize) -> Result<&[f64], String> {
        let parameter = &self.graph.parameters()[parameter];
        let name = format!("{kind}.{}", parameter.name);
        match self.tensor(&name)? {
            values if values.len() == parameter.len() => Ok(values),
            values => {
                Err(format!("expected `{name}` to hold {} numbers, found {}", parameter.len(), values.len()))
            }
        }
    }

    /// Names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.graph.parameters().iter().map(|parameter| parameter.name.as_str())
    }

    /// Labels of a step, from 1.
    pub(crate) fn labels(&self, step: usize) -> Result<Vec<u32>, String> {
        Ok(self.tensor(&format!("labels.step{step}"))?.iter().map(|&label| label as u32).collect())
    }

    /// Loss of a step, from 1.
    pub(crate) fn loss(&self, step: usize) -> Result<f64, String> {
        self.tensor("loss")?.get(step - 1).copied().ok_or_else(|| format!("no loss of step {step}"))
    }

    /// The masks as patterns, one per prunable weight.
    pub(crate) fn patterns(&self) -> Result<Vec<Pattern>, String> {
        let mut patterns = Vec::new();
        for (index, parameter) in self.graph.parameters().iter().enumerate() {
            if let (Role::Weight, Some(shape)) = (parameter.role, self.graph.node(parameter.node).op.weight())
            {
                let mask = (0..).zip(self.parameter("mask", index)?);
                let positions: Vec<u32> =
                    mask.filter(|&(_, &active)| active != 0.0).map(|(place, _)| place).collect();
                let pattern = Pattern::from_positions(shape, Block::UNSTRUCTURED, &positions);
                patterns.push(pattern.map_err(|error| format!("{}: {error}", parameter.name))?);
            }
        }
        Ok(patterns)
    }

    /// Compares the listed parameters (index, name, shape) with the graph's.
    pub(crate) fn check_parameters(&self, tally: &mut Tally) -> Result<(), String> {
        let listed = json::array(json::get(&self.json, "parameters")?)?;
        let expected = self.graph.parameters();
        tally.require("parameters", listed.len() == expected.len(), || {
            format!("expected {}, the model has {}", listed.len(), expected.len())
        });
        for (row, parameter) in listed.iter().zip(expected) {
            let (name, shape) = (json::text(json::at(row, 1)?)?, json::integers(json::at(row, 2)?)?);
            tally.require(name, name == parameter.name && shape == parameter.shape, || {
                format!("expected {shape:?}, the model has {} {:?}", parameter.name, parameter.shape)
            });
        }
        Ok(())
    }
}
