//! Patterns of any init, saliencies too.

use crate::failure::Failure;
use rarefy::nn::graph::Graph;
use rarefy::sparsity::{Drawn, init};
use rarefy::train::{DataProbe, Recipe, TrainError, draw_patterns};

/// Draws the patterns of `recipe`; a saliency measures the initial network on the training samples of `data`.
///
/// # Errors
/// What the recipe asks for and cannot be, a saliency without data, data that are missing or damaged.
pub(super) fn draw(graph: &Graph, recipe: &Recipe, data: Option<&str>) -> Result<Drawn, Failure> {
    let measures = init::find(&recipe.sparse_init).map_err(TrainError::from)?.saliency().is_some();
    let Some(data) = data.filter(|_| measures) else {
        return draw_patterns(graph, recipe).map_err(|error| match measures {
            true => Failure::from(error).hint("name the data set to measure it on, e.g. --data digits"),
            false => error.into(),
        });
    };
    let recipe = Recipe { data: data.to_owned(), ..recipe.clone() };
    let dataset = recipe.open_data().map_err(TrainError::from)?;
    Ok(DataProbe::new(graph, &recipe, dataset.as_ref()).draw()?)
}
