//! `rarefy inspect --svg`: layer densities as a chart.

use crate::failure::Failure;
use crate::plots::{Axes, Chart, Line};
use std::path::Path;

/// Writes a chart of the densities of the layers `names`: one line an init, in the order of the layers.
pub(super) fn write<'a>(
    path: &Path,
    model: &str,
    names: &[String],
    inits: impl Iterator<Item = (&'a str, Vec<f64>)>,
) -> Result<(), Failure> {
    let line = |(name, densities): (&str, Vec<f64>)| Line {
        name: name.to_owned(),
        points: densities.into_iter().enumerate().map(|(layer, density)| (layer as f64, density)).collect(),
    };
    let lines: Vec<Line> = inits.map(line).collect();
    let title = format!("{model}: density of each layer");
    let axes = Axes::Names(names);
    Chart { title: &title, x: "layer, from image to logit", y: "density", lines: &lines, axes }.write(path)
}
