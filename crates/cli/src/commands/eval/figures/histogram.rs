//! Histograms of the scores of one network: its own data beside each set of other images.

use super::super::ood::Row;
use super::{COLUMNS, Networks};
use crate::plots::{Axis, Chart, Figure, Line, Scale, Shape};
use rarefy::eval::separation::Scored;

/// Bars of a histogram.
const BARS: usize = 40;

/// None without other images, or of several networks.
pub(super) fn figure<'a>(networks: &Networks<'_>) -> Option<Figure<'a>> {
    let [(_, result)] = &networks.all[..] else { return None };
    let rows = result.ood.as_deref().filter(|rows| !rows.is_empty())?;
    let chart = |row: &Row| Chart {
        title: format!("{}, {}", row.score, row.set),
        x: Axis { label: "score", scale: Scale::Linear },
        y: Axis { label: "share of images", scale: Scale::Linear },
        lines: histogram(&row.scored).into(),
        diagonal: false,
    };
    let columns = rows.iter().filter(|row| row.set == rows[0].set).count().min(COLUMNS);
    let names = vec![(0, result.identity.data.clone()), (1, "other images".to_owned())];
    let title = networks.title("Scores", true);
    Some(Figure { title, charts: rows.iter().map(chart).collect(), columns, size: (400, 280), names })
}

/// Shares of both sets in bars over the middle 99 % of all scores; what is beyond counts to the outermost bars.
fn histogram(scored: &Scored) -> [Line; 2] {
    let points = &scored.as_in.points;
    let (positives, negatives) = scored.as_in.totals();
    let place = |share: f64| {
        let wanted = share * (positives + negatives) as f64;
        let at = points.iter().find(|point| (point.positives + point.negatives) as f64 >= wanted);
        at.map_or(0.0, |point| point.threshold)
    };
    let (most, least) = (place(0.005), place(0.995));
    let width = (most - least).max(f64::MIN_POSITIVE) / BARS as f64;
    let mut bars = [[0u64; BARS]; 2];
    let mut before = (0, 0);
    for point in points {
        let bar = (((point.threshold - least) / width) as usize).min(BARS - 1);
        bars[0][bar] += point.positives - before.0;
        bars[1][bar] += point.negatives - before.1;
        before = (point.positives, point.negatives);
    }
    let line = |index: usize, total: u64| {
        let edge = |bar: usize| least + bar as f64 * width;
        let top = |(bar, &count): (usize, &u64)| {
            let share = count as f64 / total.max(1) as f64;
            [(edge(bar), share), (edge(bar + 1), share)]
        };
        let points = bars[index].iter().enumerate().flat_map(top).collect();
        Line { index, points, shape: Shape::Steps }
    };
    [line(0, positives), line(1, negatives)]
}
