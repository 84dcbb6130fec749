//! Measures of the untrained network on training data, for saliency inits.

use crate::recipe::Recipe;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_data::{Dataset, Split};
use rarefy_nn::graph::Graph;
use rarefy_nn::params::{ParamStore, initialize};
use rarefy_nn::probe::{self, AbsLinear, Samples};
use rarefy_sparsity::saliency::{Dense, Need, Probe};

/// The dense network with its initial weights, and training data.
pub struct DataProbe<'a> {
    graph: &'a Graph,
    recipe: &'a Recipe,
    dataset: &'a dyn Dataset,
    dense: Option<ParamStore>,
}

/// Images and labels.
type Chosen = (Vec<f32>, Vec<u32>);

impl<'a> DataProbe<'a> {
    /// A probe of `graph` as `recipe` initializes it, on training samples of `dataset`.
    pub fn new(graph: &'a Graph, recipe: &'a Recipe, dataset: &'a dyn Dataset) -> Self {
        Self { graph, recipe, dataset, dense: None }
    }

    fn dense(&mut self) -> Result<&ParamStore, String> {
        if self.dense.is_none() {
            let weights = self.graph.prunable().filter_map(|p| self.graph.node(p.node).op.weight());
            let patterns: Result<Vec<_>, _> =
                weights.map(|shape| Pattern::full(shape, Block::UNSTRUCTURED)).collect();
            let patterns = patterns.map_err(|error| error.to_string())?;
            let mut store = ParamStore::new(self.graph, patterns).map_err(|error| error.to_string())?;
            initialize(&mut store, self.recipe.init_seed());
            self.dense = Some(store);
        }
        self.dense.as_ref().ok_or_else(|| "there is no network".to_owned())
    }

    /// `samples_per_class` training samples of every class, class by class, as they are without augmentation: the first of
    /// each class in an order drawn from the data seed. All there are of a smaller class.
    fn samples(&self) -> Result<Vec<Chosen>, String> {
        let (classes, pixels) = (self.dataset.classes(), self.dataset.extent().len());
        let wanted = self.recipe.samples_per_class() as usize;
        let mut chosen: Vec<Chosen> = vec![Default::default(); classes];
        let mut order: Vec<u32> = (0..self.dataset.len(Split::Train) as u32).collect();
        Stream::new(self.recipe.data_seed(), Purpose::Saliency, 0).shuffle(&mut order);
        let mut image = vec![0.0; pixels];
        let mut open = classes;
        for index in order {
            if open == 0 {
                break;
            }
            let label = self
                .dataset
                .sample(Split::Train, index, None, &mut image)
                .map_err(|error| error.to_string())?;
            let Some((images, labels)) = chosen.get_mut(label as usize) else {
                return Err(format!("training sample {index} has label {label} of {classes} classes"));
            };
            if labels.len() < wanted {
                images.extend_from_slice(&image);
                labels.push(label);
                open -= usize::from(labels.len() == wanted);
            }
        }
        if chosen.iter().all(|(_, labels)| labels.is_empty()) {
            return Err("there are no training samples".to_owned());
        }
        Ok(chosen)
    }

    /// Gradient over batches of at most the recipe's batch size, each with samples of as many classes as there are.
    fn gradient(&mut self) -> Result<Dense, String> {
        let (images, labels) = mixed(&self.samples()?, self.dataset.extent().len());
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
        probe::gradient(graph, self.dense()?, &batches, threads).map_err(|error| error.to_string())
    }

    /// The product over two halves of the classes, in passes of at most the recipe's batch size.
    fn hessian_gradient(&mut self) -> Result<Dense, String> {
        let chosen = self.samples()?;
        let (first, second) = chosen.split_at(chosen.len().div_ceil(2));
        let halves = [first, second].map(|classes| mixed(classes, self.dataset.extent().len()));
        let halves: Vec<Samples<'_>> = (halves.iter())
            .filter(|(_, labels)| !labels.is_empty())
            .map(|(images, labels)| Samples { images, labels })
            .collect();
        let (graph, recipe) = (self.graph, self.recipe);
        probe::hessian_gradient(graph, self.dense()?, &halves, recipe.batch_size, recipe.threads())
            .map_err(|error| error.to_string())
    }
}

/// The samples of some classes, one of each at a time, so that every batch of them has all classes.
fn mixed(classes: &[Chosen], pixels: usize) -> Chosen {
    let (mut images, mut labels) = Chosen::default();
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
    (images, labels)
}

impl Probe for DataProbe<'_> {
    fn weights(&mut self) -> Result<Dense, String> {
        Ok(probe::weights(self.dense()?))
    }

    fn measure(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, String> {
        match need {
            Need::Magnitude => self.weights(),
            Need::Gradient => self.gradient(),
            Need::HessianGradient => self.hessian_gradient(),
            Need::AbsLinear => {
                let graph = self.graph;
                let flow = AbsLinear::new(graph, self.dense()?).map_err(|error| error.to_string())?;
                flow.gradient(kept).map_err(|error| error.to_string())
            }
        }
    }
}
