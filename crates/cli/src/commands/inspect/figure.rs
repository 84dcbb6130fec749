//! `rarefy inspect --svg`: layer densities as a chart.

use crate::failure::Failure;
use crate::format::significant;
use crate::plots::{Axis, Chart, Figure, Line, Scale, Shape};
use std::path::Path;

/// Pixels that a layer takes along the axis.
const LAYER: usize = 20;

/// Writes a chart of the densities of the layers `names`, with logarithms upwards: one line an init, in the order of the layers.
/// `density` is that of the whole network.
pub(super) fn write<'a>(
    path: &Path,
    model: &str,
    density: f64,
    layers: &[String],
    inits: impl Iterator<Item = (&'a str, Vec<f64>)>,
) -> Result<(), Failure> {
    let line = |(index, (name, densities)): (usize, (&str, Vec<f64>))| {
        let points = densities.into_iter().enumerate().map(|(layer, density)| (layer as f64, density));
        ((index, name.to_owned()), Line { index, points: points.collect(), shape: Shape::Marked })
    };
    let (names, lines): (Vec<(usize, String)>, Vec<Line>) = inits.enumerate().map(line).unzip();
    let chart = Chart {
        title: format!("{model} at density {}: density of each layer", significant(density)),
        x: Axis { label: "layer, from image to logit", scale: Scale::Names(layers) },
        y: Axis { label: "density", scale: Scale::Log },
        lines,
        diagonal: false,
    };
    let width = layers.len().saturating_mul(LAYER).saturating_add(120).clamp(640, 1 << 16) as u32;
    Figure { title: String::new(), charts: vec![chart], columns: 1, size: (width, 460), names }.write(path)
}
