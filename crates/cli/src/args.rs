//! Flags that several commands share, and lists of names for the help.

use crate::failure::Failure;
use crate::init_flags::InitFlags;
use crate::output::{Tone, say};
use clap::Args;
use rarefy::core::memory::most_threads;
use rarefy::core::{Density, Extent};
use rarefy::nn::graph::Graph;
use rarefy::train::{PatternUnit, Recipe, TrainError, build_model};
use rarefy::{data, nn, sparsity};

/// A network for images of some extent, without data.
#[derive(Args)]
pub(crate) struct NetworkArgs {
    /// Model name
    #[arg(long, short = 'm', default_value = "cifar_resnet_20", help = model_help())]
    pub(crate) model: String,
    /// Share of weights that exist: above 0, at most 1 (dense), of those of convolutions and linear layers
    #[arg(long, default_value = "0.1", allow_hyphen_values = true)]
    pub(crate) density: Density,
    /// Rule of the layer-wise densities
    #[arg(long, default_value = "erk", help = init_help())]
    pub(crate) sparse_init: String,
    /// Unit in which weights are drawn: `unstructured` or `block:RxC`
    #[arg(long, default_value = "unstructured")]
    pub(crate) pattern: PatternUnit,
    /// Take images and classes of this data set
    #[arg(long, conflicts_with_all = ["input", "classes"], help = data_help())]
    pub(crate) data: Option<String>,
    /// Channels, height and width of an image
    #[arg(long, value_name = "CxHxW", default_value = "3x32x32", value_parser = parse_extent)]
    pub(crate) input: Extent,
    /// Number of classes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) classes: u32,
    /// Seed of the pattern and the initial weights
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) init: InitFlags,
}

impl NetworkArgs {
    /// The part of a recipe that these flags decide.
    pub(crate) fn recipe(&self) -> Recipe {
        let mut recipe = Recipe {
            model: self.model.clone(),
            density: self.density,
            sparse_init: self.sparse_init.clone(),
            pattern: self.pattern,
            seed: self.seed,
            ..Recipe::default()
        };
        self.init.apply(&mut recipe);
        recipe
    }

    /// The network.
    pub(crate) fn graph(&self) -> Result<Graph, Failure> {
        let (extent, classes) = match &self.data {
            Some(name) => data::shape(name).map_err(TrainError::from)?,
            None => (self.input, self.classes as usize),
        };
        Ok(build_model(&self.model, extent, classes).map_err(TrainError::from)?)
    }
}

/// `CxHxW`, every extent from 1 to 65536.
fn parse_extent(text: &str) -> Result<Extent, String> {
    let parts: Vec<usize> = text
        .split('x')
        .map(|part| part.parse().ok().filter(|extent| (1..=65536).contains(extent)))
        .collect::<Option<_>>()
        .unwrap_or_default();
    match parts[..] {
        [channels, height, width] => Ok(Extent { channels, height, width }),
        _ => Err("images are given as CHANNELSxHEIGHTxWIDTH, e.g. 3x32x32".to_owned()),
    }
}

/// Warns of more threads than are started on this machine.
pub(crate) fn warn_of_threads(asked: Option<usize>) {
    let most = most_threads();
    if let Some(asked) = asked.filter(|&asked| asked > most) {
        say(
            Tone::Warning,
            format_args!(
                "{asked} threads would only get in each other's way on this machine: it takes {most}"
            ),
        );
    }
}

/// Choices of a flag whose values are names.
pub(crate) fn choices<'a>(what: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    format!("{what}: {}", names.into_iter().collect::<Vec<_>>().join(", "))
}

/// Help of `--model`, from the registry.
pub(crate) fn model_help() -> String {
    let families = nn::models::REGISTRY.iter().map(|family| family.pattern);
    format!("Model: {}", families.collect::<Vec<_>>().join("; "))
}

/// Help of `--data`, from the registry.
pub(crate) fn data_help() -> String {
    let sets = data::datasets::REGISTRY.iter().map(|entry| format!("{} ({})", entry.name, entry.about));
    format!("Data set: {}", sets.collect::<Vec<_>>().join("; "))
}

/// Help of `--sparse-init`, from the registry.
pub(crate) fn init_help() -> String {
    let rules = sparsity::init::REGISTRY.iter().map(|rule| format!("{} ({})", rule.name(), rule.summary()));
    format!("Rule of the layer-wise densities: {}", rules.collect::<Vec<_>>().join("; "))
}
