//! Patterns of any init, saliencies too.

use crate::failure::Failure;
use rarefy::nn::graph::Graph;
use rarefy::sparsity::Drawn;
use rarefy::train::{Recipe, draw_patterns};

/// Draws the patterns of `recipe`.
pub(super) fn draw(graph: &Graph, recipe: &Recipe, _data: bool) -> Result<Drawn, Failure> {
    Ok(draw_patterns(graph, recipe)?)
}
