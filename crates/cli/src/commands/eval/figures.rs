//! The figures of an evaluation: reliability, score histograms, ROC.

use super::ood::Row;
use super::report::{Report, Result as Evaluated};
use crate::failure::Failure;
use crate::plots::{Axes, Chart, Line};
use rarefy::eval::separation::Scored;
use rarefy::train::RunDir;
use std::path::Path;

/// Bars of a histogram.
const BARS: usize = 40;
/// Most points of a curve that are drawn.
const MOST_POINTS: usize = 1000;

/// Refuses what cannot become a folder of figures.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    match folder.exists() && !folder.is_dir() {
        true => Err(Failure::usage(format!("{} is no folder to draw into", folder.display()))),
        false => Ok(()),
    }
}

/// Writes every figure into `folder`, which is made.
pub(super) fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::system(format!("cannot make {}: {error}", folder.display())))?;
    let networks = Networks::of(report);
    let lines: Vec<Line> = networks.0.iter().flat_map(|(name, result)| reliability(name, result)).collect();
    let (x, y) = ("mean confidence", "accuracy");
    Chart { title: "Reliability", x, y, lines: &lines, axes: Axes::Shares }
        .write(&folder.join("reliability.svg"))?;
    let flows = networks.gradient_flows()?;
    if !flows.is_empty() {
        let (x, y) = ("step", "mean gradient norm of a layer");
        let chart = Chart { title: "Gradient flow", x, y, lines: &flows, axes: Axes::Free };
        chart.write(&folder.join("gradient-flow.svg"))?;
    }
    let Some(rows) = report.results.first().and_then(|result| result.ood.as_deref()) else { return Ok(()) };
    // Every network has the same rows: a set and a score each.
    for (index, row) in rows.iter().enumerate() {
        let (set, score) = (plain(&row.set), row.score);
        let first = index == 0 || rows[index - 1].set != row.set;
        if networks.0.len() > 1 {
            let lines = networks.lines(|result| result.ood.as_ref()?.get(index));
            roc(&format!("ROC of {score}, {}", row.set), &lines)
                .write(&folder.join(format!("roc-{set}-{score}.svg")))?;
        } else if first {
            let of_set = rows.iter().filter(|other| other.set == row.set);
            let lines: Vec<Line> =
                of_set.map(|row| Line { name: row.score.to_owned(), points: curve(&row.scored) }).collect();
            roc(&format!("ROC, {}", row.set), &lines).write(&folder.join(format!("roc-{set}.svg")))?;
        }
        for (name, result) in &networks.0 {
            let Some(row) = result.ood.as_ref().and_then(|rows| rows.get(index)) else { continue };
            let whose = if networks.0.len() > 1 { format!("-{}", plain(name)) } else { String::new() };
            let lines = histogram(&row.scored, &row.set);
            let title = format!("{score} of {name}");
            let chart =
                Chart { title: &title, x: "score", y: "share of images", lines: &lines, axes: Axes::Free };
            chart.write(&folder.join(format!("scores-{set}-{score}{whose}.svg")))?;
        }
    }
    Ok(())
}

/// All networks by names that differ.
struct Networks<'a>(Vec<(String, &'a Evaluated)>);

impl<'a> Networks<'a> {
    fn of(report: &'a Report) -> Self {
        let mut named: Vec<(String, &Evaluated)> = Vec::new();
        for result in &report.results {
            let path = result.identity.checkpoint.display().to_string();
            // Of a run it is the folder.
            let name = path.strip_suffix("/best.ckpt").unwrap_or(&path);
            let taken = named.iter().filter(|(other, _)| plain(other) == plain(name)).count();
            let name = if taken == 0 { name.to_owned() } else { format!("{name} ({})", taken + 1) };
            named.push((name, result));
        }
        Self(named)
    }

    /// The effective gradient flow of every run that logged it.
    fn gradient_flows(&self) -> Result<Vec<Line>, Failure> {
        let mut lines = Vec::new();
        for (name, result) in &self.0 {
            let Some(folder) = result.identity.checkpoint.parent() else { continue };
            let flows = RunDir::gradient_flows(folder)?;
            if !flows.is_empty() {
                let points = flows.iter().map(|flow| (flow.step as f64, flow.effective)).collect();
                lines.push(Line { name: name.clone(), points });
            }
        }
        Ok(lines)
    }

    /// A ROC curve each.
    fn lines(&self, row: impl Fn(&'a Evaluated) -> Option<&'a Row>) -> Vec<Line> {
        let line = |(name, result): &(String, &'a Evaluated)| {
            Some(Line { name: name.clone(), points: curve(&row(result)?.scored) })
        };
        self.0.iter().filter_map(line).collect()
    }
}

/// One line, a second one with the temperature.
fn reliability(name: &str, result: &Evaluated) -> Vec<Line> {
    let accuracy = &result.accuracy;
    let mut lines = vec![Line { name: name.to_owned(), points: points(&accuracy.reliability) }];
    if let Some(scaled) = accuracy.temperature.as_ref().filter(|scaled| scaled.identified) {
        let name = format!("{name}, temperature {:.2}", scaled.value);
        lines.push(Line { name, points: points(&scaled.reliability) });
    }
    lines
}

fn points(bins: &[super::accuracy::Bin]) -> Vec<(f64, f64)> {
    bins.iter().filter(|bin| bin.samples > 0).map(|bin| (bin.confidence, bin.accuracy)).collect()
}

fn roc<'a>(title: &'a str, lines: &'a [Line]) -> Chart<'a> {
    let (x, y) = ("share of the other images taken in", "share of the data set kept");
    Chart { title, x, y, lines, axes: Axes::Shares }
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
