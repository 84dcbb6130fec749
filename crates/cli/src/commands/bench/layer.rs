//! `rarefy bench layer`.

use super::timing::Times;
use crate::failure::Failure;
use crate::format::grouped;
use crate::output::{json, product};
use crate::table::Table;
use rarefy::core::{Density, Extent, Pattern};
use rarefy::kernels::Isa;
use rarefy::nn::bench::{LayerBench, LayerShape, Limits};
use rarefy::nn::graph::Graph;
use rarefy::nn::plan::layer_paths;
use rarefy::train::accounting::Counts;
use rarefy::train::{PatternUnit, Recipe, TrainError, draw_patterns, machine};
use serde::Serialize;
use std::process::ExitCode;

/// Time one convolution alone: forward pass, input gradient, weight gradient.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    /// Input channels
    #[arg(long = "in", value_name = "N", default_value_t = 64, value_parser = extent())]
    inputs: u32,
    /// Output channels
    #[arg(long = "out", value_name = "N", default_value_t = 64, value_parser = extent())]
    outputs: u32,
    /// Height and width of the kernel: odd; the image is padded with half of it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=63))]
    kernel: u32,
    /// Height and width of the images
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = extent())]
    size: u32,
    /// Distance of neighbouring windows: 1 or 2
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2))]
    stride: u32,
    /// Fraction of weights that exist, above 0 and at most 1 (dense)
    #[arg(long, default_value = "0.1", allow_hyphen_values = true)]
    pub(super) density: Density,
    /// Unit in which weights are drawn: `unstructured` or `block:RxC`
    #[arg(long, default_value = "unstructured")]
    pub(super) pattern: PatternUnit,
    /// Images of a pass
    #[arg(long, short, default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) batch_size: u32,
    /// Worker threads [default: all cores]
    #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(super) threads: Option<u32>,
    /// Passes measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) steps: u32,
    /// Passes before measuring
    #[arg(long, default_value_t = 3)]
    warmup: u32,
    /// Seed of pattern, weights and images
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Numbers that the images and maps of a pass may have, borders included: 2 GiB, a few times over in the engine.
const MOST_NUMBERS: u64 = 1 << 29;

/// Refuses layers that nobody would wait for.
fn check_size(args: &Args) -> Result<(), Failure> {
    let side = u64::from(args.size + args.kernel);
    let channels = u64::from(args.inputs) + u64::from(args.outputs);
    let numbers = [side, side, channels, u64::from(args.batch_size)].into_iter().fold(1, u64::saturating_mul);
    if numbers <= MOST_NUMBERS {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} images of {} channels and {} maps of {}x{} are more than the {} numbers that a layer may have here",
        args.batch_size,
        args.inputs,
        args.outputs,
        args.size,
        args.size,
        grouped(MOST_NUMBERS)
    ))
    .hint("use a smaller --batch-size or --size"))
}

fn extent() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=65536)
}

#[derive(Serialize)]
struct Report {
    shape: Vec<usize>,
    input: [usize; 3],
    stride: usize,
    batch_size: usize,
    nnz: u64,
    density: f64,
    threads: usize,
    isa: &'static str,
    steps: u32,
    peak_gflops: f64,
    forward: Direction,
    input_grad: Direction,
    weight_grad: Direction,
    /// Both gradients and what they share: the tiles of input and output gradient.
    backward: Direction,
    /// Forward and backward.
    total: Direction,
    peak_rss_mb: Option<f64>,
}

#[derive(Serialize)]
struct Direction {
    #[serde(skip_serializing_if = "str::is_empty")]
    kernel: String,
    median_ms: f64,
    min_ms: f64,
    /// On existing weights, at the median: two operations a multiply-add.
    gflops: f64,
    /// What a dense layer would need to be as fast.
    dense_gflops: f64,
    percent_of_peak: f64,
}

impl Args {
    /// The layer's graph.
    pub(super) fn graph(&self) -> Result<Graph, Failure> {
        check_size(self)?;
        let [inputs, outputs, kernel, size, stride] =
            [self.inputs, self.outputs, self.kernel, self.size, self.stride].map(|extent| extent as usize);
        let input = Extent { channels: inputs, height: size, width: size };
        LayerShape { input, outputs, kernel, stride }.graph().map_err(Failure::usage)
    }

    /// The layer's pattern, for a density and unit of one's own.
    pub(super) fn draw(
        &self,
        graph: &Graph,
        density: Density,
        pattern: PatternUnit,
    ) -> Result<Vec<Pattern>, Failure> {
        let sparse_init = "uniform".to_owned();
        let recipe = Recipe { density, sparse_init, pattern, seed: self.seed, ..Recipe::default() };
        Ok(draw_patterns(graph, &recipe)?.patterns)
    }

    pub(super) fn threads(&self) -> usize {
        let threads = self.threads.map(|threads| threads as usize);
        Recipe { threads, ..Recipe::default() }.threads()
    }

    /// Milliseconds of the layer with `pattern`: forward, input gradient, weight gradient, backward, total.
    pub(super) fn measure(&self, graph: Graph, pattern: Pattern, isa: Isa) -> Result<[Times; 5], Failure> {
        let bench = LayerBench::new(graph, pattern, self.batch_size as usize, self.threads(), isa, self.seed);
        let mut bench = bench.map_err(TrainError::Session)?;
        for _ in 0..self.warmup {
            bench.run();
        }
        let mut times: [Times; 5] = Default::default();
        for _ in 0..self.steps {
            let pass = bench.run();
            let seconds = [
                pass.forward,
                pass.input_gradient,
                pass.weight_gradient,
                pass.backward,
                pass.forward + pass.backward,
            ];
            times.iter_mut().zip(seconds).for_each(|(times, seconds)| times.push(seconds * 1e3));
        }
        Ok(times)
    }
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let graph = args.graph()?;
    let patterns = args.draw(&graph, args.density, args.pattern)?;
    let counts = Counts::new(&graph, &patterns);
    let path = layer_paths(&graph, &patterns)?.into_iter().next();
    let (forward, input_grad, weight_grad) =
        path.map_or_else(Default::default, |path| (path.forward, path.input_grad, path.weight_grad));
    let (batch, threads) = (args.batch_size as usize, args.threads());
    let pattern = patterns.into_iter().next().ok_or_else(|| Failure::system("the layer has no weights"))?;
    let isa = Isa::best();
    let times = args.measure(graph, pattern, isa)?;
    // Before the limits are measured, which takes memory of its own.
    let peak_rss_mb = machine::peak_rss_mb();
    let limits = Limits::measure(isa, threads).map_err(TrainError::Session)?;
    let direction = |kernel: String, times: &Times, passes: f64| {
        let rate = |macs: u64| times.gflops(passes * macs as f64 * batch as f64);
        Direction {
            kernel,
            median_ms: times.median_ms(),
            min_ms: times.min_ms(),
            gflops: rate(counts.macs_sparse),
            dense_gflops: rate(counts.macs_dense),
            percent_of_peak: 100.0 * 1e9 * rate(counts.macs_sparse) / limits.flops_per_sec,
        }
    };
    let report = Report {
        shape: counts.layers.iter().flat_map(|layer| layer.shape.clone()).collect(),
        input: [args.inputs, args.size, args.size].map(|extent| extent as usize),
        stride: args.stride as usize,
        batch_size: batch,
        nnz: counts.nnz,
        density: counts.density(),
        threads,
        isa: isa.name(),
        steps: args.steps,
        peak_gflops: limits.flops_per_sec / 1e9,
        forward: direction(forward, &times[0], 1.0),
        input_grad: direction(input_grad, &times[1], 1.0),
        weight_grad: direction(weight_grad, &times[2], 1.0),
        backward: direction(String::new(), &times[3], 2.0),
        total: direction(String::new(), &times[4], 3.0),
        peak_rss_mb,
    };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report) -> String {
    let head =
        ["direction", "kernel", "median ms", "least ms", "GFLOP/s", "dense-equivalent GFLOP/s", "% of peak"];
    let mut table = Table::new(&head, 2);
    for (name, direction) in [
        ("forward", &report.forward),
        ("input gradient", &report.input_grad),
        ("weight gradient", &report.weight_grad),
        ("backward", &report.backward),
        ("total", &report.total),
    ] {
        table.row([
            name.to_owned(),
            direction.kernel.clone(),
            format!("{:.2}", direction.median_ms),
            format!("{:.2}", direction.min_ms),
            format!("{:.1}", direction.gflops),
            format!("{:.1}", direction.dense_gflops),
            format!("{:.1}", direction.percent_of_peak),
        ]);
    }
    let text = |extents: &[usize]| extents.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    format!(
        "{}\n{} weights {} ({} existing, density {:.4}), stride {}, on {} images of {}; {} threads, {}, peak {:.0} GFLOP/s \
         measured in this run\n",
        table.render(),
        text(&report.shape),
        grouped(report.shape.iter().product::<usize>() as u64),
        grouped(report.nnz),
        report.density,
        report.stride,
        report.batch_size,
        text(&report.input),
        report.threads,
        report.isa,
        report.peak_gflops,
    )
}
