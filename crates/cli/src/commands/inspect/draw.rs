//! Patterns of any init, saliencies too.

use crate::failure::Failure;
use rarefy::nn::graph::Graph;
use rarefy::sparsity::saliency::Need;
use rarefy::sparsity::{Drawn, init};
use rarefy::train::{DataProbe, Recipe, TrainError, draw_patterns};

/// Draws the patterns of `recipe`; a saliency measures the initial network on the training samples of `data`.
///
/// # Errors
/// What the recipe asks for and cannot be, a saliency that looks at data without any, data that are missing or damaged.
pub(super) fn draw(graph: &Graph, recipe: &Recipe, data: Option<&str>) -> Result<Drawn, Failure> {
    let saliency = init::find(&recipe.sparse_init).map_err(TrainError::from)?.saliency();
    let Some(saliency) = saliency else { return Ok(draw_patterns(graph, recipe)?) };
    let on_data = matches!(saliency.need, Need::Gradient | Need::HessianGradient);
    let dataset = match data {
        Some(data) => {
            Recipe { data: data.to_owned(), ..recipe.clone() }.open_data().map_err(TrainError::from)?
        }
        None if on_data => {
            return draw_patterns(graph, recipe).map_err(|error| {
                Failure::from(error).hint("name the data set to measure it on, e.g. --data digits")
            });
        }
        // Weights alone are scored: any data do, as none are looked at.
        None => Recipe::default().open_data().map_err(TrainError::from)?,
    };
    Ok(DataProbe::new(graph, recipe, dataset.as_ref()).draw()?)
}
