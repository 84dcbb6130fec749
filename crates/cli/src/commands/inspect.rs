//! `rarefy inspect`.

use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::format::{grouped, percent, scaled};
use crate::output::{json, product};
use crate::table::Table;
use rarefy::nn::plan::{LayerPath, layer_paths};
use rarefy::train::accounting::{Counts, LayerCount};
use rarefy::train::draw_patterns;
use serde::Serialize;
use std::process::ExitCode;

/// Show the layers of a network: shape, density, weights, multiply-adds, kernels.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which kernel runs each direction of a layer.
#[derive(Serialize)]
struct Path {
    forward: String,
    input_grad: String,
    weight_grad: String,
}

impl From<LayerPath> for Path {
    fn from(path: LayerPath) -> Self {
        Self { forward: path.forward, input_grad: path.input_grad, weight_grad: path.weight_grad }
    }
}

#[derive(Serialize)]
struct Layer<'a> {
    #[serde(flatten)]
    count: &'a LayerCount,
    path: Path,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    density: f64,
    nnz: u64,
    weights: u64,
    macs_dense: u64,
    macs_sparse: u64,
    layers: Vec<Layer<'a>>,
}

/// Draws the pattern and shows it.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let graph = args.network.graph()?;
    let drawn = draw_patterns(&graph, &args.network.recipe())?;
    let counts = Counts::new(&graph, &drawn.patterns);
    let paths = layer_paths(&graph, &drawn.patterns);
    let report = Report {
        model: graph.name(),
        density: counts.density(),
        nnz: counts.nnz,
        weights: counts.weights,
        macs_dense: counts.macs_dense,
        macs_sparse: counts.macs_sparse,
        layers: counts
            .layers
            .iter()
            .zip(paths)
            .map(|(count, path)| Layer { count, path: path.into() })
            .collect(),
    };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report, drawn.target))?
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report<'_>, target: u64) -> String {
    let head = ["layer", "shape", "density", "nnz", "MACs", "dense", "forward", "input grad", "weight grad"];
    let mut table = Table::new(&head, 2);
    for Layer { count, path } in &report.layers {
        let shape: Vec<String> = count.shape.iter().map(usize::to_string).collect();
        let Path { forward, input_grad, weight_grad } = path;
        table.row([
            count.name.clone(),
            shape.join("x"),
            format!("{:.4}", count.density),
            grouped(count.nnz),
            scaled(count.macs_sparse as f64),
            scaled(count.macs_dense as f64),
            forward.clone(),
            input_grad.clone(),
            weight_grad.clone(),
        ]);
    }
    format!(
        "{}\n{}: {} of {} weights ({}; asked for {}), {} of {} MACs an image ({})\n",
        table.render(),
        report.model,
        grouped(report.nnz),
        grouped(report.weights),
        percent(report.density),
        grouped(target),
        scaled(report.macs_sparse as f64),
        scaled(report.macs_dense as f64),
        percent(report.macs_sparse as f64 / report.macs_dense as f64),
    )
}
