//! What a checkpoint says about itself.

use crate::FormatError;
use rarefy_core::{Block, Extent};
use rarefy_nn::graph::Graph;
use serde::{Deserialize, Serialize};

/// The seeds of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    /// Which weights exist.
    pub mask: u64,
    /// Initial weights.
    pub init: u64,
    /// Order and augmentation of samples.
    pub data: u64,
}

/// What the network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Name of the data set.
    pub name: String,
    /// Subtracted from pixels in 0..=1, one number a channel.
    pub mean: Vec<f64>,
    /// Then divided by, one number a channel.
    pub std: Vec<f64>,
}

/// Everything in a checkpoint but the numbers of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Name of the network, as [`rarefy_nn::models::build`] knows it (or a graph of your own).
    pub model: String,
    /// Extent of one input image.
    pub extent: Extent,
    /// Number of logits.
    pub classes: usize,
    /// Optimizer steps taken.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// Seeds of the run, if there was one.
    pub seeds: Option<Seeds>,
    /// Data trained on, if known.
    pub data: Option<DataInfo>,
    /// Whatever the trainer wants back: loop position, best accuracy, metrics so far. Objects come back with sorted keys;
    /// numbers that are not finite are no JSON.
    pub state: serde_json::Value,
}

impl Meta {
    /// `graph` before its first step: no seeds, no data, no state.
    pub fn new(graph: &Graph) -> Self {
        Self {
            model: graph.name().to_owned(),
            extent: graph.input(),
            classes: graph.classes(),
            step: 0,
            epoch: 0,
            seeds: None,
            data: None,
            state: serde_json::Value::Null,
        }
    }

    /// Checks that the checkpoint holds `graph`: its name, input extent and number of classes.
    ///
    /// # Errors
    /// [`FormatError::AnotherModel`].
    pub fn expect(&self, graph: &Graph) -> Result<(), FormatError> {
        let expected = describe(graph.name(), graph.input(), graph.classes());
        let found = describe(&self.model, self.extent, self.classes);
        if expected == found { Ok(()) } else { Err(FormatError::AnotherModel { expected, found }) }
    }
}

/// One parameter tensor of the network in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterInfo {
    /// PyTorch name.
    pub name: String,
    /// Dense shape.
    pub shape: Vec<usize>,
    /// Unit in which its weights exist; none for parameters that are always dense.
    pub block: Option<Block>,
    /// Existing numbers.
    pub nnz: usize,
}

/// The JSON text in the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) version: String,
    pub(super) meta: Meta,
    /// In the order of the columns' numbers.
    pub(super) parameters: Vec<ParameterInfo>,
    /// Names of the stored columns.
    pub(super) columns: Vec<String>,
}

fn describe(model: &str, extent: Extent, classes: usize) -> String {
    let Extent { channels, height, width } = extent;
    format!("`{model}` for {channels}x{height}x{width} images of {classes} classes")
}
