//! `rarefy bench kernels`.

use super::layer::Args;
use super::timing::Times;
use crate::failure::Failure;
use crate::format::grouped;
use crate::output::{json, product};
use crate::table::Table;
use rarefy::core::{Block, Density};
use rarefy::kernels::Isa;
use rarefy::nn::bench::Limits;
use rarefy::nn::plan::layer_paths_on;
use rarefy::train::accounting::Counts;
use rarefy::train::{PatternUnit, TrainError, machine};
use serde::Serialize;
use std::process::ExitCode;

/// Units whose tiles are 1, 2 and 4 outputs high.
const UNITS: [Block; 3] = [Block::UNSTRUCTURED, Block { rows: 2, columns: 2 }, Block { rows: 4, columns: 4 }];

#[derive(Serialize)]
struct Report {
    batch_size: usize,
    threads: usize,
    steps: u32,
    instances: Vec<Instance>,
    peak_rss_mb: Option<f64>,
}

/// One instance in all directions.
#[derive(Serialize)]
struct Instance {
    isa: &'static str,
    /// The layer it runs.
    pattern: String,
    density: f64,
    nnz: u64,
    /// What the engine takes for the layer that was asked for, on this machine.
    picked: bool,
    peak_gflops: f64,
    forward: Direction,
    input_grad: Direction,
    weight_grad: Direction,
}

#[derive(Serialize)]
struct Direction {
    kernel: String,
    median_ms: f64,
    min_ms: f64,
    gflops: f64,
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let graph = args.graph()?;
    let asked = args.draw(&graph, args.density, args.pattern)?;
    let (best, threads, batch) = (Isa::best(), args.threads(), args.batch_size as usize);
    let picked = layer_paths_on(&graph, &asked, best)?;
    let dense = (Density::DENSE, Block::UNSTRUCTURED);
    let layers = UNITS.map(|unit| (args.density, unit)).into_iter().chain([dense]);
    let mut instances: Vec<Instance> = Vec::new();
    for isa in Isa::available() {
        let peak_gflops = Limits::measure(isa, threads).map_err(TrainError::Session)?.flops_per_sec / 1e9;
        for (density, unit) in layers.clone() {
            let unit = PatternUnit(unit);
            // Blocks that do not divide the layer have no instance here.
            let Ok(patterns) = args.draw(&graph, density, unit) else { continue };
            let paths = layer_paths_on(&graph, &patterns, isa)?;
            let ([path], Some(pattern)) = (&paths[..], patterns.first()) else { continue };
            let macs = Counts::new(&graph, &patterns).macs_sparse;
            let [forward, input_grad, weight_grad, ..] = args.measure(graph.clone(), pattern.clone(), isa)?;
            let direction = |kernel: &str, times: &Times| {
                let (median_ms, min_ms) = (times.median_ms(), times.min_ms());
                let gflops = times.gflops(macs as f64 * batch as f64);
                Direction { kernel: kernel.to_owned(), median_ms, min_ms, gflops }
            };
            instances.push(Instance {
                isa: isa.name(),
                pattern: unit.to_string(),
                density: pattern.fraction(),
                nnz: pattern.nnz() as u64,
                picked: isa == best && picked.first() == Some(path),
                peak_gflops,
                forward: direction(&path.forward, &forward),
                input_grad: direction(&path.input_grad, &input_grad),
                weight_grad: direction(&path.weight_grad, &weight_grad),
            });
        }
    }
    let peak_rss_mb = machine::peak_rss_mb();
    let report = Report { batch_size: batch, threads, steps: args.steps, instances, peak_rss_mb };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report) -> String {
    let head = [
        "",
        "isa",
        "layer",
        "weights",
        "forward",
        "ms",
        "GFLOP/s",
        "input gradient",
        "ms",
        "GFLOP/s",
        "weight gradient",
        "ms",
        "GFLOP/s",
        "peak",
    ];
    let mut table = Table::new(&head, 3);
    for instance in &report.instances {
        let layer = match instance.density {
            1.0 => "dense".to_owned(),
            density => format!("{} {density:.3}", instance.pattern),
        };
        let mark = if instance.picked { "*" } else { "" };
        let mut row = vec![mark.to_owned(), instance.isa.to_owned(), layer, grouped(instance.nnz)];
        for direction in [&instance.forward, &instance.input_grad, &instance.weight_grad] {
            row.push(direction.kernel.clone());
            row.push(format!("{:.2}", direction.median_ms));
            row.push(format!("{:.1}", direction.gflops));
        }
        row.push(format!("{:.0}", instance.peak_gflops));
        table.row(row);
    }
    format!(
        "{}\n{} images, {} threads, medians of {} passes; * is what the engine takes for this layer on this machine; peak is \
         the instruction set's limit of multiply-adds in this run\n",
        table.render(),
        report.batch_size,
        report.threads,
        report.steps
    )
}
