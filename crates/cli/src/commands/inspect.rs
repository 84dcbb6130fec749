//! `rarefy inspect`.

mod compare;
mod draw;
mod figure;

use crate::args::{NetworkArgs, choices};
use crate::failure::Failure;
use crate::format::{grouped, percent, scaled};
use crate::output::{json, product};
use crate::table::Table;
use rarefy::nn::graph::Effective;
use rarefy::nn::plan::{LayerPath, layer_paths};
use rarefy::sparsity::init;
use rarefy::sparsity::method::{self, Preset};
use rarefy::train::accounting::{Counts, LayerCount};
use rarefy::train::{TrainError, training_flops};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show the layers of a network: shape, density, weights on a path from image to logit, multiply-adds, kernels.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// Count training by this method's formula
    #[arg(long, default_value = "static", help = method_help())]
    method: String,
    /// Show the densities of several sparse inits side by side
    #[arg(long, value_name = "INIT,INIT...", value_delimiter = ',', conflicts_with = "sparse_init")]
    compare: Vec<String>,
    /// Draw the densities of the layers as a chart too, one line an init
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Show too which kernels run each layer (forward pass, input gradient, weight gradient), and MACs of the dense layer
    #[arg(long)]
    kernels: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn method_help() -> String {
    choices("Method whose training is counted", method::REGISTRY.iter().map(|preset| preset.name))
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
    effective_nnz: u64,
    dead_channels: usize,
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
    effective_nnz: u64,
    effective_density: f64,
    dead_channels: usize,
    /// Of one image.
    test_flops: f64,
    test_flops_dense: f64,
    /// Of one image; none where the method schedules its density.
    train_flops: Option<f64>,
    train_flops_dense: f64,
    layers: Vec<Layer<'a>>,
}

/// Draws the pattern and shows it.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let preset = method::find(&args.method).map_err(TrainError::from)?;
    if !args.compare.is_empty() {
        return compare::run(args, preset);
    }
    let graph = args.network.graph()?;
    let recipe = args.network.recipe();
    let drawn = draw::draw(&graph, &recipe, args.network.data.as_deref())?;
    let counts = Counts::new(&graph, &drawn.patterns);
    let effective = Effective::new(&graph, &drawn.patterns);
    let paths = layer_paths(&graph, &drawn.patterns)?;
    let layers = counts.layers.iter().zip(&effective.layers).zip(paths);
    let layers = layers.map(|((count, effective), path)| Layer {
        count,
        effective_nnz: effective.nnz,
        dead_channels: effective.dead_channels,
        path: path.into(),
    });
    let layers = layers.collect();
    if let Some(path) = &args.svg {
        let names: Vec<String> = counts.layers.iter().map(|layer| layer.name.clone()).collect();
        let init = init::find(&recipe.sparse_init).map_err(TrainError::from)?.name();
        let densities = counts.layers.iter().map(|layer| layer.density).collect();
        figure::write(path, graph.name(), counts.density(), &names, std::iter::once((init, densities)))?;
    }
    let report = Report { layers, ..Report::new(graph.name(), &counts, &effective, preset) };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report, drawn.target, preset, args.kernels))?
    }
    Ok(ExitCode::SUCCESS)
}

impl<'a> Report<'a> {
    /// The sums, without layers.
    fn new(model: &'a str, counts: &Counts, effective: &Effective, preset: &Preset) -> Self {
        Self {
            model,
            density: counts.density(),
            nnz: counts.nnz,
            weights: counts.weights,
            macs_dense: counts.macs_dense,
            macs_sparse: counts.macs_sparse,
            effective_nnz: effective.nnz(),
            effective_density: effective.nnz() as f64 / counts.weights as f64,
            dead_channels: effective.dead_channels(),
            test_flops: 2.0 * counts.macs_sparse as f64,
            test_flops_dense: 2.0 * counts.macs_dense as f64,
            train_flops: training_flops(counts, preset),
            train_flops_dense: 6.0 * counts.macs_dense as f64,
            layers: Vec::new(),
        }
    }
}

/// What the columns mean, in a line below them.
const WORDS: &str = "on a path: leads from image to logit; dead: channels on none; MACs: of an image";

fn text(report: &Report<'_>, target: u64, preset: &Preset, kernels: bool) -> String {
    let head = ["layer", "shape", "density", "nnz", "on a path", "dead", "MACs"];
    let more = if kernels { &["dense", "forward", "input grad", "weight grad"][..] } else { &[] };
    let mut table = Table::new(&[&head, more].concat(), 2);
    for Layer { count, effective_nnz, dead_channels, path } in &report.layers {
        let shape: Vec<String> = count.shape.iter().map(usize::to_string).collect();
        let Path { forward, input_grad, weight_grad } = path;
        let cells = [
            count.name.strip_suffix(".weight").unwrap_or(&count.name).to_owned(),
            shape.join("x"),
            format!("{:.4}", count.density),
            grouped(count.nnz),
            grouped(*effective_nnz),
            dead_channels.to_string(),
            scaled(count.macs_sparse as f64),
        ];
        let dense = scaled(count.macs_dense as f64);
        let cells_more = [&dense, forward, input_grad, weight_grad].map(String::clone);
        table.row(cells.into_iter().chain(cells_more.into_iter().take(more.len())));
    }
    format!(
        "{}{WORDS}\n\n{}: {} of {} weights ({}; asked for {})\nMACs an image: {} of {} ({})\n{}{}",
        table.render(),
        report.model,
        grouped(report.nnz),
        grouped(report.weights),
        percent(report.density),
        grouped(target),
        scaled(report.macs_sparse as f64),
        scaled(report.macs_dense as f64),
        percent(report.macs_sparse as f64 / report.macs_dense as f64),
        on_a_path(report),
        cost(report, preset),
    )
}

fn on_a_path(report: &Report<'_>) -> String {
    format!(
        "on a path from image to logit: {} weights ({}); {} channels on none\n",
        grouped(report.effective_nnz),
        percent(report.effective_density),
        report.dead_channels,
    )
}

fn cost(report: &Report<'_>, preset: &Preset) -> String {
    let Report { test_flops, train_flops, train_flops_dense, .. } = report;
    let train = match train_flops {
        Some(flops) => format!("{} ({} of dense)", scaled(*flops), percent(flops / train_flops_dense)),
        None => "as its densities to come".to_owned(),
    };
    format!("FLOPs an image: test {}, training ({}) {train}\n", scaled(*test_flops), preset.name)
}
