//! The reliability diagram: how often networks are right that are so sure, and of how many images that is known.

use super::super::accuracy::Bin;
use super::{Evaluated, Networks};
use crate::plots::{Axis, Chart, Figure, Line, Scale, Shape};

/// A bar of all images of the networks of a line.
#[derive(Clone, Copy)]
struct Bar {
    lo: f64,
    hi: f64,
    images: u64,
    /// Sums over the images.
    right: f64,
    confidence: f64,
}

pub(super) fn figure<'a>(networks: &Networks<'_>) -> Figure<'a> {
    let (mut names, mut lines) = (Vec::new(), Vec::new());
    for (index, name) in networks.names.iter().enumerate() {
        names.push((index, name.clone()));
        lines.push((index, pool(networks, index, bins)));
    }
    // Lines with temperatures come after those without; where none is identified they are the same.
    for (index, name) in networks.names.iter().enumerate() {
        let own = || networks.all.iter().filter(|(line, _)| *line == index);
        let scaled = own().filter_map(|(_, result)| result.accuracy.temperature.as_ref());
        let identified: Vec<f64> =
            scaled.filter(|scaled| scaled.identified).map(|scaled| scaled.value).collect();
        let name = match (&identified[..], own().count()) {
            ([], _) => continue,
            ([value], 1) => format!("{name}, temperature {value:.2}"),
            _ => format!("{name}, with temperatures"),
        };
        names.push((networks.names.len() + index, name));
        lines.push((networks.names.len() + index, pool(networks, index, scaled_bins)));
    }
    let (accuracies, counts) =
        lines.iter().map(|(index, bars)| (accuracies(*index, bars), counts(*index, bars))).unzip();
    let share = |label| Axis { label, scale: Scale::Share };
    let accuracy = Chart {
        title: networks.title("Reliability", true),
        x: share("confidence"),
        y: share("accuracy"),
        lines: accuracies,
        diagonal: true,
    };
    let count = Chart {
        title: "Images of this confidence".to_owned(),
        x: share("confidence"),
        y: Axis { label: "images", scale: Scale::Count },
        lines: counts,
        diagonal: false,
    };
    Figure { title: String::new(), charts: vec![accuracy, count], columns: 1, size: (640, 400), names }
}

fn bins(result: &Evaluated) -> &[Bin] {
    &result.accuracy.reliability
}

/// Those with the temperature, where there is one.
fn scaled_bins(result: &Evaluated) -> &[Bin] {
    result.accuracy.temperature.as_ref().map_or_else(|| bins(result), |scaled| &scaled.reliability)
}

/// The bars of a line: the images of all its networks together.
fn pool(networks: &Networks<'_>, index: usize, of: fn(&Evaluated) -> &[Bin]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (_, result) in networks.all.iter().filter(|(line, _)| *line == index) {
        for (at, bin) in of(result).iter().enumerate() {
            if bars.len() == at {
                bars.push(Bar { lo: bin.lo, hi: bin.hi, images: 0, right: 0.0, confidence: 0.0 });
            }
            let (bar, images) = (&mut bars[at], bin.samples as f64);
            bar.images += bin.samples;
            bar.right += images * bin.accuracy;
            bar.confidence += images * bin.confidence;
        }
    }
    bars
}

/// Accuracies at the mean confidences of the bars; a marker is the larger the more images there are.
fn accuracies(index: usize, bars: &[Bar]) -> Line {
    let filled = || bars.iter().filter(|bar| bar.images > 0);
    let point = |bar: &Bar| (bar.confidence / bar.images as f64, bar.right / bar.images as f64);
    let size = |bar: &Bar| 2 + (1.7 * (bar.images as f64).log10()).round() as u32;
    Line { index, points: filled().map(point).collect(), shape: Shape::Sized(filled().map(size).collect()) }
}

fn counts(index: usize, bars: &[Bar]) -> Line {
    let top = |bar: &Bar| [(bar.lo, bar.images as f64), (bar.hi, bar.images as f64)];
    Line { index, points: bars.iter().flat_map(top).collect(), shape: Shape::Steps }
}
