//! Where a step's time goes, beside what the machine could do.

use crate::table::Table;
use rarefy::nn::bench::Limits;
use rarefy::nn::plan::{Part, Phase, Profile, Span};
use serde::Serialize;

/// All times are milliseconds a step.
#[derive(Serialize)]
pub(super) struct ProfileReport {
    peak_gflops: f64,
    read_gb_s: f64,
    phases: Vec<Row>,
    /// Operations in the order in which a step runs them.
    layers: Vec<Row>,
}

/// A phase, an operation or the whole.
#[derive(Serialize)]
struct Row {
    phase: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: String,
    ms: f64,
    /// Multiply-adds with existing weights, two operations each.
    gflops: f64,
    /// Stored activations and gradients, read and written once each.
    gb_s: f64,
    /// The longer of arithmetic and memory traffic at the machine's limits, operation by operation.
    floor_ms: f64,
    percent_of_floor: f64,
    parts: Vec<PartRow>,
}

/// What the threads did within it.
#[derive(Serialize)]
struct PartRow {
    part: &'static str,
    /// Time of all threads over their number.
    ms: f64,
}

/// Sums over some operations.
#[derive(Default)]
struct Sums {
    seconds: f64,
    floor: f64,
    flops: f64,
    bytes: f64,
    parts: [f64; Part::ALL.len()],
}

impl Sums {
    fn of<'a>(spans: impl Iterator<Item = &'a Span>, steps: f64, limits: &Limits, threads: usize) -> Self {
        let mut sums = Self::default();
        for span in spans {
            sums.seconds += span.seconds / steps;
            let flops = 2.0 * span.multiply_adds;
            sums.floor += (flops / limits.flops_per_sec).max(span.bytes / limits.bytes_per_sec);
            sums.flops += flops;
            sums.bytes += span.bytes;
            for &(part, seconds) in &span.parts {
                // Only the caller sums weight gradients; the other threads wait for it.
                let share = if part == Part::Reduce { 1 } else { threads };
                sums.parts[part as usize] += seconds / steps / share as f64;
            }
        }
        sums
    }

    fn row(&self, phase: &'static str, name: &str) -> Row {
        let parts = Part::ALL.into_iter().zip(self.parts).filter(|&(_, seconds)| seconds > 0.0);
        // An operation that took no time at all has no rate.
        let per = |amount: f64| if self.seconds > 0.0 { amount / self.seconds } else { 0.0 };
        Row {
            phase,
            name: name.to_owned(),
            ms: self.seconds * 1e3,
            gflops: per(self.flops) / 1e9,
            gb_s: per(self.bytes) / 1e9,
            floor_ms: self.floor * 1e3,
            percent_of_floor: per(100.0 * self.floor),
            parts: parts.map(|(part, seconds)| PartRow { part: part.name(), ms: seconds * 1e3 }).collect(),
        }
    }
}

/// Of a profile of at least one step.
pub(super) fn report(profile: &Profile, limits: &Limits, threads: usize) -> ProfileReport {
    let steps = profile.steps.max(1) as f64;
    let ran = || profile.spans.iter().filter(|span| span.seconds > 0.0);
    let phases = Phase::ALL.into_iter().filter(|&phase| ran().any(|span| span.phase == phase));
    let mut rows: Vec<Row> = phases
        .map(|phase| {
            let spans = ran().filter(|span| span.phase == phase);
            Sums::of(spans, steps, limits, threads).row(phase.name(), "")
        })
        .collect();
    rows.push(Sums::of(ran(), steps, limits, threads).row("total", ""));
    let named = ran().filter(|span| !span.name.is_empty());
    let layers = named
        .map(|span| Sums::of([span].into_iter(), steps, limits, threads).row(span.phase.name(), &span.name))
        .collect();
    ProfileReport {
        peak_gflops: limits.flops_per_sec / 1e9,
        read_gb_s: limits.bytes_per_sec / 1e9,
        phases: rows,
        layers,
    }
}

/// Two tables for people.
pub(super) fn text(report: &ProfileReport) -> String {
    let table = |rows: &[Row]| {
        let head =
            ["phase", "name", "ms", "GFLOP/s", "GB/s", "floor ms", "% of floor", "parts, ms of a thread"];
        let mut table = Table::new(&head, 2);
        for row in rows {
            let parts: Vec<String> =
                row.parts.iter().map(|part| format!("{} {:.2}", part.part, part.ms)).collect();
            table.row([
                row.phase.to_owned(),
                row.name.clone(),
                format!("{:.2}", row.ms),
                format!("{:.1}", row.gflops),
                format!("{:.1}", row.gb_s),
                format!("{:.2}", row.floor_ms),
                format!("{:.0}", row.percent_of_floor),
                parts.join(", "),
            ]);
        }
        table.render()
    };
    format!(
        "{}\n{}\nlimits measured in this run: {:.0} GFLOP/s of multiply-adds in registers, {:.0} GB/s of sequential reads\n",
        table(&report.layers),
        table(&report.phases),
        report.peak_gflops,
        report.read_gb_s,
    )
}
