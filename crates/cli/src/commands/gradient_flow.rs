//! `rarefy gradient-flow`.

use crate::args::{data_help, init_help, model_help, warn_of_threads};
use crate::failure::Failure;
use crate::output::{json, product};
use crate::table::Table;
use rarefy::core::Density;
use rarefy::train::{GradientFlow, Recipe, Setup};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show the gradient norms of untrained networks, one for each sparse init and density.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub(crate) struct Args {
    #[arg(long, default_value = "digits", help = data_help())]
    data: String,
    /// Folder of the data set's files
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[arg(long, short, help = model_help())]
    model: Option<String>,
    /// Densities
    #[arg(long, short, value_name = "D,...", value_delimiter = ',', default_value = "0.05,1")]
    density: Vec<Density>,
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', default_value = "erk", help = init_help())]
    sparse_init: Vec<String>,
    /// Training batches of which the mean is shown
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    batches: u32,
    /// Seed of everything that is random
    #[arg(long, short, default_value_t = 1)]
    seed: u64,
    /// Worker threads; the result does not depend on it [default: all cores]
    #[arg(long, short)]
    threads: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    model: String,
    data: String,
    batches: u32,
    layers: Vec<String>,
    networks: Vec<Network>,
}

#[derive(Serialize)]
struct Network {
    sparse_init: String,
    density: Density,
    effective: f64,
    layers: Vec<f64>,
}

/// Measures and reports.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let base = Recipe {
        seed: args.seed,
        data_dir: args.data_dir.clone(),
        threads: args.threads,
        ..Recipe::for_data(&args.data)
    };
    warn_of_threads(args.threads);
    let base = Recipe { model: args.model.clone().unwrap_or(base.model.clone()), ..base };
    let mut report = Report {
        model: base.model.clone(),
        data: base.data.clone(),
        batches: args.batches,
        layers: Vec::new(),
        networks: Vec::new(),
    };
    for sparse_init in &args.sparse_init {
        for &density in &args.density {
            let recipe = Recipe { sparse_init: sparse_init.clone(), density, ..base.clone() };
            let setup = Setup::from_recipe(recipe)?;
            report.layers = setup.graph.prunable().map(|parameter| parameter.name.clone()).collect();
            let GradientFlow { effective, layers, .. } = GradientFlow::at_init(setup, args.batches as usize)?;
            report.networks.push(Network { sparse_init: sparse_init.clone(), density, effective, layers });
        }
    }
    if args.json {
        json(&report)?
    } else {
        product(&table(&report).render())?
    }
    Ok(ExitCode::SUCCESS)
}

/// Four decimals, or two significant digits of what would be 0 with them.
fn norm(norm: f64) -> String {
    if norm > 0.0 && norm < 1e-3 { format!("{norm:.1e}") } else { format!("{norm:.4}") }
}

/// A row a layer, a column a network.
fn table(report: &Report) -> Table {
    let names: Vec<String> = report
        .networks
        .iter()
        .map(|network| format!("{} {}", network.sparse_init, network.density))
        .collect();
    let head: Vec<&str> = std::iter::once("gradient norm").chain(names.iter().map(String::as_str)).collect();
    let mut table = Table::new(&head, 1);
    let mut row = |name: &str, value: &dyn Fn(&Network) -> f64| {
        let cells = report.networks.iter().map(|network| norm(value(network)));
        table.row(std::iter::once(name.to_owned()).chain(cells));
    };
    for (index, layer) in report.layers.iter().enumerate() {
        row(layer, &|network| network.layers.get(index).copied().unwrap_or_default());
    }
    row("mean", &|network| network.effective);
    table
}
