//! What a recipe stands for: data, network, pattern and initial values.

use crate::error::TrainError;
use crate::probe::DataProbe;
use crate::recipe::Recipe;
use crate::resume::damaged;
use crate::start::take_weights;
use rarefy_core::{Block, Density, Extent, Pattern, memory};
use rarefy_data::{DataError, Dataset};
use rarefy_formats::Checkpoint;
use rarefy_nn::graph::{Graph, Op};
use rarefy_nn::models::{self, ModelError};
use rarefy_nn::params::{ParamStore, initialize};
use rarefy_sparsity::saliency::Probe;
use rarefy_sparsity::{Drawn, Layer, LayerKind, Request, init};
use std::path::Path;
use std::sync::Arc;

/// Everything a [`crate::Trainer`] starts from.
pub struct Setup {
    /// Hyperparameters and seeds.
    pub recipe: Recipe,
    /// The network.
    pub graph: Graph,
    /// Patterns and initial values.
    pub store: ParamStore,
    /// The data.
    pub dataset: Arc<dyn Dataset>,
}

impl Setup {
    /// Opens the data, builds the model and draws the pattern that `recipe` names.
    ///
    /// # Errors
    /// Unknown names, values out of range, an infeasible density, damaged data. Nothing on disk changes.
    pub fn from_recipe(recipe: Recipe) -> Result<Self, TrainError> {
        Named::find(recipe)?.started()
    }

    /// A network, patterns and data of your own. `recipe` gives the hyperparameters and seeds; its model and data names
    /// become those of `graph` and `dataset`.
    ///
    /// # Errors
    /// Images or classes that do not suit the network, patterns that do not fit its weights.
    pub fn new(
        recipe: Recipe,
        graph: Graph,
        patterns: Vec<Pattern>,
        dataset: Arc<dyn Dataset>,
    ) -> Result<Self, TrainError> {
        check_fit(&graph, dataset.as_ref())?;
        // A recipe names a network, and who reads it builds that one.
        let named = models::build(graph.name(), graph.input(), graph.classes());
        if named.is_ok_and(|named| named != graph) {
            return Err(TrainError::NameTaken { name: graph.name().to_owned() });
        }
        let recipe = Recipe { model: graph.name().to_owned(), data: dataset.name().to_owned(), ..recipe };
        let mut store = ParamStore::new(&graph, patterns)?;
        initialize(&mut store, recipe.init_seed());
        if let Some(scaled) = recipe.scaled {
            scaled.apply(&mut store);
        }
        Ok(Self { recipe, graph, store, dataset })
    }
}

/// A recipe with the data and the network that it names.
pub(crate) struct Named {
    /// The recipe, with full paths and the names that data set, model and init have themselves.
    pub(crate) recipe: Recipe,
    /// The network.
    pub(crate) graph: Graph,
    pub(crate) dataset: Arc<dyn Dataset>,
}

impl Named {
    /// Opens the data and builds the model.
    ///
    /// # Errors
    /// Unknown names, values out of range, damaged data.
    pub(crate) fn find(recipe: Recipe) -> Result<Self, TrainError> {
        Self::find_with(recipe, |recipe| Ok(recipe.open_data()?))
    }

    /// The same with the data that `open` gives.
    ///
    /// # Errors
    /// As [`Named::find`].
    pub(crate) fn find_with(
        recipe: Recipe,
        open: impl FnOnce(&Recipe) -> Result<Arc<dyn Dataset>, TrainError>,
    ) -> Result<Self, TrainError> {
        recipe.check()?;
        let (recipe, _) = recipe.with_full_paths().matched()?;
        let init = init::find(&recipe.sparse_init)?;
        let recipe = recipe.with_layer_densities()?;
        let dataset = open(&recipe)?;
        let graph = build_model(&recipe.model, dataset.extent(), dataset.classes())?;
        let recipe = Recipe {
            sparse_init: init.name().to_owned(),
            model: graph.name().to_owned(),
            data: dataset.name().to_owned(),
            ..recipe
        };
        Ok(Self { recipe, graph, dataset })
    }

    /// What a new run starts from.
    pub(crate) fn started(self) -> Result<Setup, TrainError> {
        let Self { recipe, graph, dataset } = self;
        let (recipe, patterns) = match recipe.mask_from.clone() {
            Some(path) => recipe.start_from_mask(&path, &graph)?,
            None => {
                let patterns = DataProbe::new(&graph, &recipe, dataset.as_ref()).draw()?.patterns;
                (recipe, patterns)
            }
        };
        let mut setup = Setup::new(recipe, graph, patterns, dataset)?;
        if let Some(path) = setup.recipe.weights_from.clone() {
            let rewound = setup.recipe.rewind_epoch.is_some();
            take_weights(&path, &setup.graph, &mut setup.store, rewound)?;
        }
        Ok(setup)
    }

    /// What the run of `checkpoint` goes on with. Its mask and its weights come from there: the network that the run started from
    /// may be gone, and a saliency need not be measured again.
    ///
    /// # Errors
    /// A damaged checkpoint, one of another network.
    pub(crate) fn stopped_at(self, checkpoint: &Path) -> Result<Setup, TrainError> {
        let measured = init::find(&self.recipe.sparse_init)?.saliency().is_some();
        // The first pattern of a moving one decides how many weights there are; a mask says so in the density.
        let stays = !self.recipe.method.preset().dynamic;
        let Self { recipe, graph, dataset } = self;
        let patterns = if recipe.mask_from.is_some() || measured && stays {
            let loaded = Checkpoint::load_for(checkpoint, &graph);
            let loaded = loaded.map_err(|error| damaged(checkpoint, &graph, error))?;
            loaded.store.patterns().to_vec()
        } else {
            DataProbe::new(&graph, &recipe, dataset.as_ref()).draw()?.patterns
        };
        Setup::new(recipe, graph, patterns, dataset)
    }
}

impl Recipe {
    /// Whether `other` has the same data, split and normalized alike.
    pub(crate) fn has_data_of(&self, other: &Self) -> bool {
        (&self.data, &self.data_dir, self.valid_split, self.split_seed)
            == (&other.data, &other.data_dir, other.valid_split, other.split_seed)
            && (self.normalization, self.pad_to_32) == (other.normalization, other.pad_to_32)
    }

    /// Opens the data set that the recipe names.
    ///
    /// # Errors
    /// An unknown name, missing or damaged files.
    pub fn open_data(&self) -> Result<Arc<dyn Dataset>, DataError> {
        let options = rarefy_data::Options {
            data_dir: self.data_dir.clone(),
            valid_split: self.valid_split,
            split_seed: self.split_seed,
            normalization: self.normalization,
            pad_to_32: self.pad_to_32,
        };
        rarefy_data::open(&self.data, &options)
    }
}

/// The network called `name`, in whatever case and with `-` for `_`, for images of extent `input`.
///
/// # Errors
/// A name that no family knows, images too small for the network.
pub fn build_model(name: &str, input: Extent, classes: usize) -> Result<Graph, ModelError> {
    models::build(&name.trim().to_lowercase().replace('-', "_"), input, classes)
}

/// Checks that the images and classes of `dataset` are those of `graph`.
pub(crate) fn check_fit(graph: &Graph, dataset: &dyn Dataset) -> Result<(), TrainError> {
    let expected = describe(graph.input(), graph.classes());
    let found = describe(dataset.extent(), dataset.classes());
    if expected == found {
        return Ok(());
    }
    Err(TrainError::Unfit { data: dataset.name().to_owned(), expected, found })
}

fn describe(extent: Extent, classes: usize) -> String {
    let Extent { channels, height, width } = extent;
    format!("{channels}x{height}x{width} images of {classes} classes")
}

/// The prunable layers of `graph` in order, as the sparse inits see them.
pub fn prunable_layers(graph: &Graph) -> Vec<Layer> {
    graph
        .prunable()
        .filter_map(|parameter| {
            let (kind, shape) = match graph.node(parameter.node).op {
                Op::Conv { weight, .. } => (LayerKind::Conv, weight),
                Op::Linear { weight } => (LayerKind::Linear, weight),
                _ => return None,
            };
            Some(Layer { name: parameter.name.clone(), shape, kind })
        })
        .collect()
}

/// Bytes of an existing weight of a network that is trained: its tap; value, gradient, momentum and second
/// moment; and the kernels' copy in both directions (`rarefy-nn`).
const WEIGHT_BYTES: u64 = 4 + 4 * 4 + 2 * 3 * 4;

/// Bytes of each weight of the largest layer, existing or not, while it is drawn and compiled.
const POSITION_BYTES: u64 = 2 * 4;

/// Whether the parameters of `graph` at `density` would fit at all: known before hours of drawing them.
fn check_parameters(graph: &Graph, density: Density) -> Result<(), TrainError> {
    let shapes = || graph.prunable().filter_map(|parameter| graph.node(parameter.node).op.weight());
    // Layers that cannot be drawn on any machine are refused for that.
    if shapes().any(|shape| Pattern::check(shape, Block::UNSTRUCTURED).is_err()) {
        return Ok(());
    }
    let existing = density.budget(graph.prunable_len()).saturating_mul(WEIGHT_BYTES);
    let largest = shapes().map(|shape| shape.len() as u64).max().unwrap_or(0);
    let bytes = existing.saturating_add(largest.saturating_mul(POSITION_BYTES));
    Ok(memory::check_large(bytes, "the parameters of the network")?)
}

/// The patterns that `recipe` asks for, one per prunable weight of `graph` in order.
///
/// # Errors
/// An unknown init, a density it cannot reach, an init that must measure the network.
pub fn draw_patterns(graph: &Graph, recipe: &Recipe) -> Result<Drawn, TrainError> {
    draw_patterns_with(graph, recipe, None)
}

/// [`draw_patterns`] of any init; a saliency measures the network by `probe`.
///
/// # Errors
/// An unknown init, a density it cannot reach, what the probe says.
pub fn draw_patterns_with(
    graph: &Graph,
    recipe: &Recipe,
    probe: Option<&mut dyn Probe>,
) -> Result<Drawn, TrainError> {
    let init = init::find(&recipe.sparse_init)?;
    let recipe = recipe.clone().with_layer_densities()?;
    check_parameters(graph, recipe.initial_density()?)?;
    let drawn = rarefy_sparsity::draw_with(
        &Request {
            init,
            layers: &prunable_layers(graph),
            density: recipe.initial_density()?,
            block: recipe.pattern.0,
            mask_seed: recipe.mask_seed(),
            options: &recipe.init_options(),
        },
        probe,
    );
    Ok(drawn?)
}
