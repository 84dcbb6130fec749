//! The figures of an evaluation: reliability, score histograms, ROC.

use super::ood::Row;
use super::report::{Report, Result as Evaluated};
use crate::failure::Failure;
use crate::plots::{Axes, Chart, Line};
use rarefy::eval::separation::Scored;
use std::path::Path;

/// Bars of a histogram.
const BARS: usize = 40;
/// Most points of a curve that are drawn.
const MOST_POINTS: usize = 1000;

/// Writes every figure into `folder`, which is made.
pub(super) fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::system(format!("cannot make {}: {error}", folder.display())))?;
    let reliability: Vec<Line> = report.results.iter().flat_map(reliability).collect();
    let chart = Chart {
        title: "Reliability",
        x: "mean confidence",
        y: "accuracy",
        lines: &reliability,
        axes: Axes::Shares,
    };
    chart.write(&folder.join("reliability.svg"))?;
    let rows =
        || report.results.iter().flat_map(|result| result.ood.iter().flatten().map(move |row| (result, row)));
    let mut sets: Vec<&str> = rows().map(|(_, row)| row.set.as_str()).collect();
    sets.dedup();
    let mut done: Vec<&str> = Vec::new();
    for set in sets {
        if done.contains(&set) {
            continue;
        }
        done.push(set);
        let of_set: Vec<_> = rows().filter(|(_, row)| row.set == set).collect();
        let single = report.results.len() == 1;
        let name = |result: &Evaluated, row: &Row| match single {
            true => row.score.to_owned(),
            false => format!("{} {}", result.identity.checkpoint.display(), row.score),
        };
        let roc: Vec<Line> = of_set
            .iter()
            .map(|(result, row)| Line { name: name(result, row), points: roc(&row.scored) })
            .collect();
        let title = format!("ROC, {set}");
        let chart = Chart {
            title: &title,
            x: "share of the other images taken in",
            y: "share of the data set kept",
            lines: &roc,
            axes: Axes::Shares,
        };
        chart.write(&folder.join(format!("roc-{}.svg", plain(set))))?;
        for (index, (_, row)) in of_set.iter().enumerate() {
            let title = format!("{}: the data set and {set}", row.score);
            let lines = histogram(&row.scored, set);
            let chart =
                Chart { title: &title, x: "score", y: "share of images", lines: &lines, axes: Axes::Free };
            let number = if single { String::new() } else { format!("-{index}") };
            chart.write(&folder.join(format!("scores-{}-{}{number}.svg", plain(set), row.score)))?;
        }
    }
    Ok(())
}

/// One line, a second one with the temperature.
fn reliability(result: &Evaluated) -> Vec<Line> {
    let name = result.identity.checkpoint.display();
    let accuracy = &result.accuracy;
    let mut lines = vec![Line { name: name.to_string(), points: points(&accuracy.reliability) }];
    if let Some(scaled) = &accuracy.temperature {
        let name = format!("{name}, temperature {:.2}", scaled.value);
        lines.push(Line { name, points: points(&scaled.reliability) });
    }
    lines
}

fn points(bins: &[super::accuracy::Bin]) -> Vec<(f64, f64)> {
    bins.iter().filter(|bin| bin.samples > 0).map(|bin| (bin.confidence, bin.accuracy)).collect()
}

fn roc(scored: &Scored) -> Vec<(f64, f64)> {
    let (positives, negatives) = scored.as_in.totals();
    let points = &scored.as_in.points;
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let kept = points.iter().step_by(every).chain(points.last());
    let drawn = kept.map(|point| (share(point.negatives, negatives), share(point.positives, positives)));
    std::iter::once((0.0, 0.0)).chain(drawn).collect()
}

/// Shares of both sets in bars over the middle 99 % of all scores; what is beyond counts to the outermost bars.
fn histogram(scored: &Scored, set: &str) -> [Line; 2] {
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
    let line = |name: &str, bars: &[u64; BARS], total: u64| {
        let edge = |bar: usize| least + bar as f64 * width;
        let top = |(bar, &count): (usize, &u64)| {
            let share = count as f64 / total.max(1) as f64;
            [(edge(bar), share), (edge(bar + 1), share)]
        };
        Line { name: name.to_owned(), points: bars.iter().enumerate().flat_map(top).collect() }
    };
    [line("data set", &bars[0], positives), line(set, &bars[1], negatives)]
}

/// A name that suits a file.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
