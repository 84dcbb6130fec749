//! Measures of the untrained network on training data, for saliency inits.

use crate::error::{Fault, TrainError};
use crate::recipe::Recipe;
use crate::setup::draw_patterns_with;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern, PatternError};
use rarefy_data::{DataError, Dataset, Split};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::{ParamStore, initialize};
use rarefy_nn::probe::{self, AbsLinear, Samples};
use rarefy_sparsity::saliency::{Dense, Need, Probe};
use rarefy_sparsity::{Drawn, SparsityError};

/// The dense network with its initial weights, and training data.
pub struct DataProbe<'a> {
    graph: &'a Graph,
    recipe: &'a Recipe,
    dataset: &'a dyn Dataset,
    dense: Option<ParamStore>,
    /// What the system refused.
    refused: Option<TrainError>,
}

/// Images and labels.
type Chosen = (Vec<f32>, Vec<u32>);

impl<'a> DataProbe<'a> {
    /// A probe of `graph` as `recipe` initializes it, on training samples of `dataset`.
    pub fn new(graph: &'a Graph, recipe: &'a Recipe, dataset: &'a dyn Dataset) -> Self {
        Self { graph, recipe, dataset, dense: None, refused: None }
    }

    /// The patterns that the recipe asks for.
    ///
    /// # Errors
    /// As [`draw_patterns_with`]; what the system refused to the probe is told as such.
    pub fn draw(&mut self) -> Result<Drawn, TrainError> {
        let (graph, recipe) = (self.graph, self.recipe);
        draw_patterns_with(graph, recipe, Some(self)).map_err(|error| self.refused.take().unwrap_or(error))
    }

    fn dense(&mut self) -> Result<&ParamStore, TrainError> {
        let store = match self.dense.take() {
            Some(store) => store,
            None => {
                let weights = self.graph.prunable().filter_map(|p| self.graph.node(p.node).op.weight());
                let patterns = weights.map(|shape| Pattern::full(shape, Block::UNSTRUCTURED));
                // The shapes of a graph are those of patterns: only memory can be what is missing.
                let patterns = patterns.collect::<Result<Vec<_>, _>>().map_err(|error| match error {
                    PatternError::Memory(error) => TrainError::Memory(error),
                    source => SparsityError::Layer { layer: "the dense network".to_owned(), source }.into(),
                })?;
                let mut store = ParamStore::new(self.graph, patterns)?;
                initialize(&mut store, self.recipe.init_seed());
                store
            }
        };
        Ok(self.dense.insert(store))
    }

    /// `samples_per_class` training samples of every class, class by class, as they are without augmentation: the first of
    /// each class in an order drawn from the data seed. All there are of a smaller class.
    fn samples(&self) -> Result<Vec<Chosen>, TrainError> {
        let (classes, pixels) = (self.dataset.classes(), self.dataset.extent().len());
        let wanted = self.recipe.samples_per_class() as usize;
        let mut chosen: Vec<Chosen> = vec![Default::default(); classes];
        let count = self.dataset.len(Split::Train);
        let mut order = memory::collected(count, 0..u32::MAX, "the order of the samples")?;
        Stream::new(self.recipe.data_seed(), Purpose::Saliency, 0).shuffle(&mut order);
        let mut image = memory::zeros(pixels, "an image")?;
        let mut open = classes;
        for index in order {
            if open == 0 {
                break;
            }
            let label = self.dataset.sample(Split::Train, index, None, &mut image)?;
            let Some((images, labels)) = chosen.get_mut(label as usize) else {
                let (dataset, split) = (self.dataset.name().to_owned(), Split::Train);
                return Err(DataError::Label { dataset, split, index, label, classes }.into());
            };
            if labels.len() < wanted {
                memory::append(images, &image, SAMPLES)?;
                labels.push(label);
                open -= usize::from(labels.len() == wanted);
            }
        }
        if chosen.iter().all(|(_, labels)| labels.is_empty()) {
            return Err(TrainError::NoSamples { data: self.dataset.name().to_owned() });
        }
        Ok(chosen)
    }

    /// Gradient over batches of at most the recipe's batch size, each with samples of as many classes as there are.
    fn gradient(&mut self) -> Result<Dense, TrainError> {
        let (images, labels) = mixed(&self.samples()?, self.dataset.extent().len())?;
        let pixels = self.dataset.extent().len();
        // Batches of nearly one size, so that none is too small for batch statistics.
        let count = labels.len().div_ceil(self.recipe.batch_size.max(1)).max(1);
        let bounds: Vec<usize> = (0..=count).map(|batch| labels.len() * batch / count).collect();
        let batches: Vec<Samples<'_>> = bounds
            .windows(2)
            .map(|at| Samples {
                images: &images[at[0] * pixels..at[1] * pixels],
                labels: &labels[at[0]..at[1]],
            })
            .collect();
        let (graph, threads) = (self.graph, self.recipe.threads());
        probe::gradient(graph, self.dense()?, &batches, threads).map_err(TrainError::Session)
    }

    /// The product over two halves of the classes, in passes of at most the recipe's batch size.
    fn hessian_gradient(&mut self) -> Result<Dense, TrainError> {
        let chosen = self.samples()?;
        let (first, second) = chosen.split_at(chosen.len().div_ceil(2));
        let pixels = self.dataset.extent().len();
        let halves = [mixed(first, pixels)?, mixed(second, pixels)?];
        let halves: Vec<Samples<'_>> = (halves.iter())
            .filter(|(_, labels)| !labels.is_empty())
            .map(|(images, labels)| Samples { images, labels })
            .collect();
        let (graph, recipe) = (self.graph, self.recipe);
        probe::hessian_gradient(graph, self.dense()?, &halves, recipe.batch_size, recipe.threads())
            .map_err(TrainError::Session)
    }

    fn need(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, TrainError> {
        match need {
            Need::Magnitude => Ok(probe::weights(self.dense()?)?),
            Need::Gradient => self.gradient(),
            Need::HessianGradient => self.hessian_gradient(),
            Need::AbsLinear => {
                let graph = self.graph;
                let flow = AbsLinear::new(graph, self.dense()?).map_err(TrainError::Session)?;
                flow.gradient(kept).map_err(TrainError::Session)
            }
        }
    }
}

/// What memory for the samples is for.
const SAMPLES: &str = "the samples that the weights are scored by";

/// The samples of some classes, one of each at a time, so that every batch of them has all classes.
fn mixed(classes: &[Chosen], pixels: usize) -> Result<Chosen, OutOfMemory> {
    let of_all = |len: fn(&Chosen) -> usize| classes.iter().map(len).sum();
    let mut images = memory::room(of_all(|chosen| chosen.0.len()), SAMPLES)?;
    let mut labels = memory::room(of_all(|chosen| chosen.1.len()), SAMPLES)?;
    let most = classes.iter().map(|(_, labels)| labels.len()).max().unwrap_or(0);
    for at in 0..most {
        for (own, own_labels) in classes {
            if let (Some(image), Some(&label)) = (own.get(at * pixels..(at + 1) * pixels), own_labels.get(at))
            {
                images.extend_from_slice(image);
                labels.push(label);
            }
        }
    }
    Ok((images, labels))
}

impl Probe for DataProbe<'_> {
    fn weights(&mut self) -> Result<Dense, String> {
        self.measure(Need::Magnitude, &[])
    }

    fn measure(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, String> {
        self.need(need, kept).map_err(|error| {
            let reason = error.to_string();
            self.refused = Some(error).filter(|error| error.fault() == Fault::System);
            reason
        })
    }
}
