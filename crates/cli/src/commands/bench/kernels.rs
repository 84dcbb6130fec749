//! `rarefy bench kernels`.

use crate::failure::Failure;
use crate::output::{json, product};
use crate::table::Table;
use rarefy::kernels::Isa;
use rarefy::kernels::workload::Instance;
use rarefy::nn::bench::{Limits, Picks, measure_instance};
use serde::Serialize;
use std::process::ExitCode;

/// Time every kernel instance on every instruction set of this machine, on one thread and work that fits the first cache.
#[derive(clap::Args)]
#[command(allow_negative_numbers = true, args_override_self = true)]
pub(crate) struct Args {
    /// Only kernels whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    kernel: String,
    /// Only this instruction set
    #[arg(long, value_parser = Isa::NAMES)]
    isa: Option<String>,
    /// Height and width of the images whose 3x3 convolutions decide what the engine picks
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=4096))]
    size: u32,
    /// Taps (existing weights) of an output channel of such a layer
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    taps: u32,
    /// Repetitions whose median counts
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    steps: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    size: u32,
    taps: u32,
    limits: Vec<Peak>,
    kernels: Vec<Row>,
}

/// Upper limits of one instruction set on one thread.
#[derive(Serialize)]
struct Peak {
    isa: &'static str,
    peak_gflops: f64,
}

#[derive(Serialize)]
struct Row {
    kernel: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    instance: String,
    isa: &'static str,
    ns: f64,
    /// On existing weights; absent for kernels that are bound by memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_of_peak: Option<f64>,
    gb_s: f64,
    picked: bool,
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let wanted = |instance: &Instance| {
        instance.kernel.name().contains(&args.kernel)
            && args.isa.as_ref().is_none_or(|name| name == instance.isa.name())
    };
    let instances: Vec<Instance> = Instance::all().into_iter().filter(wanted).collect();
    if instances.is_empty() {
        let names: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
        return Err(Failure::usage(format!(
            "no kernel of this machine is called `{}` on {}",
            args.kernel,
            args.isa.as_deref().unwrap_or("any instruction set")
        ))
        .hint(format!("this machine has {}; without flags every kernel is listed", names.join(", "))));
    }
    let picks = Picks::new(args.size as usize, args.taps as usize).map_err(Failure::usage)?;
    let mut limits: Vec<Peak> = Vec::new();
    let mut kernels = Vec::new();
    for instance in instances {
        let isa = instance.isa;
        if limits.last().is_none_or(|peak| peak.isa != isa.name()) {
            limits.push(Peak { isa: isa.name(), peak_gflops: Limits::measure(isa, 1).flops_per_sec / 1e9 });
        }
        let peak = limits.last().map_or(f64::NAN, |peak| peak.peak_gflops);
        let rate = measure_instance(instance, args.steps as usize);
        let gflops = Some(rate.flops_per_sec / 1e9).filter(|gflops| *gflops > 0.0);
        kernels.push(Row {
            kernel: instance.kernel.name(),
            instance: instance.kernel.variant(),
            isa: isa.name(),
            ns: rate.seconds * 1e9,
            gflops,
            percent_of_peak: gflops.map(|gflops| 100.0 * gflops / peak),
            gb_s: rate.bytes_per_sec / 1e9,
            picked: picks.has(instance),
        });
    }
    let report = Report { size: args.size, taps: args.taps, limits, kernels };
    if args.json {
        json(&report)?
    } else {
        product(&text(&report))?
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report) -> String {
    let head = ["kernel", "instance", "isa", "", "ns", "GFLOP/s", "% of peak", "GB/s"];
    let mut table = Table::new(&head, 4);
    for row in &report.kernels {
        let number = |number: Option<f64>| number.map_or(String::new(), |number| format!("{number:.1}"));
        table.row([
            row.kernel.to_owned(),
            row.instance.clone(),
            row.isa.to_owned(),
            if row.picked { "*" } else { "" }.to_owned(),
            format!("{:.0}", row.ns),
            number(row.gflops),
            number(row.percent_of_peak),
            number(Some(row.gb_s)),
        ]);
    }
    let peaks: Vec<String> =
        report.limits.iter().map(|peak| format!("{} {:.0} GFLOP/s", peak.isa, peak.peak_gflops)).collect();
    format!(
        "{}\n* is what the engine picks for a 3x3 convolution on {}x{} images with {} taps an output channel.\n\
         Instances: output planes x vectors (spmm) or x taps (sddmm) of the register tile, terms, norms.\n\
         Peaks of one thread, measured in this run: {}\n",
        table.render(),
        report.size,
        report.size,
        report.taps,
        peaks.join(", "),
    )
}
