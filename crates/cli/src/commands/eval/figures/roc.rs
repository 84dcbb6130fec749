//! ROC curves: of one network a chart a set with a curve a score, of several a chart a set and score with a curve a network.

use super::super::ood::Row;
use super::{COLUMNS, Networks};
use crate::plots::{Axis, Chart, Figure, Line, Scale, Shape};
use rarefy::eval::separation::Scored;

/// Most points of a curve that are drawn.
const MOST_POINTS: usize = 1000;

/// None without other images.
pub(super) fn figure<'a>(networks: &Networks<'_>) -> Option<Figure<'a>> {
    let (_, first) = networks.all.first()?;
    let rows = first.ood.as_deref().filter(|rows| !rows.is_empty())?;
    let line = |index: usize, row: &Row| Line { index, points: curve(&row.scored), shape: Shape::Curve };
    let scores: Vec<&str> = rows.iter().filter(|row| row.set == rows[0].set).map(|row| row.score).collect();
    let (charts, columns, names) = match networks.all.len() {
        1 => {
            let sets = rows.chunk_by(|a, b| a.set == b.set);
            let chart = |rows: &[Row]| {
                chart(&rows[0].set, rows.iter().enumerate().map(|(index, row)| line(index, row)).collect())
            };
            let names = scores.iter().map(|score| (*score).to_owned()).enumerate().collect();
            (sets.map(chart).collect::<Vec<_>>(), 2, names)
        }
        // Every network has the same rows: a set and a score each.
        _ => {
            let chart = |(at, row): (usize, &Row)| {
                let rows = networks
                    .all
                    .iter()
                    .filter_map(|(index, result)| Some(line(*index, result.ood.as_ref()?.get(at)?)));
                chart(&format!("{}, {}", row.score, row.set), rows.collect())
            };
            (
                rows.iter().enumerate().map(chart).collect(),
                scores.len().min(COLUMNS),
                networks.names.iter().cloned().enumerate().collect(),
            )
        }
    };
    let title = networks.title("ROC of telling other images apart", true);
    Some(Figure { title, charts, columns, size: (440, 340), names })
}

fn chart<'a>(title: &str, lines: Vec<Line>) -> Chart<'a> {
    let axis = |label| Axis { label, scale: Scale::Share };
    Chart {
        title: title.to_owned(),
        x: axis("share of the other images taken in"),
        y: axis("share of the data set kept"),
        lines,
        diagonal: true,
    }
}

/// Shares of both sets that score above a falling threshold.
fn curve(scored: &Scored) -> Vec<(f64, f64)> {
    let (positives, negatives) = scored.as_in.totals();
    let points = &scored.as_in.points;
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let kept = points.iter().step_by(every).chain(points.last());
    let drawn = kept.map(|point| (share(point.negatives, negatives), share(point.positives, positives)));
    std::iter::once((0.0, 0.0)).chain(drawn).collect()
}
