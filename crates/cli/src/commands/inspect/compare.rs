//! `rarefy inspect --compare`.

use super::{Args, Report};
use crate::failure::Failure;
use crate::format::{grouped, percent, scaled};
use crate::output::{json, product};
use crate::table::Table;
use rarefy::nn::graph::Effective;
use rarefy::sparsity::init;
use rarefy::sparsity::method::Preset;
use rarefy::train::accounting::Counts;
use rarefy::train::{Recipe, TrainError};
use serde::Serialize;
use std::process::ExitCode;

/// One init's densities and sums.
#[derive(Serialize)]
pub(super) struct Column<'a> {
    init: &'static str,
    #[serde(flatten)]
    sums: Report<'a>,
    /// In the order of `names`.
    densities: Vec<f64>,
}

#[derive(Serialize)]
struct Comparison<'a> {
    model: &'a str,
    names: Vec<String>,
    inits: Vec<Column<'a>>,
}

/// Draws the pattern of every init and shows them side by side.
pub(super) fn run(args: &Args, preset: &Preset) -> Result<ExitCode, Failure> {
    let graph = args.network.graph()?;
    let (mut names, mut inits) = (Vec::new(), Vec::new());
    for name in &args.compare {
        let init = init::find(name).map_err(TrainError::from)?.name();
        let recipe = Recipe { sparse_init: name.clone(), ..args.network.recipe() };
        let drawn = super::draw::draw(&graph, &recipe, args.network.data.as_deref())?;
        let counts = Counts::new(&graph, &drawn.patterns);
        let effective = Effective::new(&graph, &drawn.patterns);
        names = counts.layers.iter().map(|layer| layer.name.clone()).collect();
        let densities = counts.layers.iter().map(|layer| layer.density).collect();
        inits.push(Column { init, sums: Report::new(graph.name(), &counts, &effective, preset), densities });
    }
    if let Some(path) = &args.svg {
        let lines = inits.iter().map(|column| (column.init, column.densities.clone()));
        super::figure::write(path, graph.name(), args.network.recipe().density.get(), &names, lines)?;
    }
    let comparison = Comparison { model: graph.name(), names, inits };
    if args.json {
        json(&comparison)?;
    } else {
        product(&text(&comparison))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(comparison: &Comparison<'_>) -> String {
    let head: Vec<&str> =
        ["layer"].into_iter().chain(comparison.inits.iter().map(|column| column.init)).collect();
    let mut table = Table::new(&head, 1);
    for (index, name) in comparison.names.iter().enumerate() {
        let densities = comparison.inits.iter().map(|column| format!("{:.4}", column.densities[index]));
        table.row([name.clone()].into_iter().chain(densities));
    }
    let train = |sums: &Report<'_>| sums.train_flops.map_or("scheduled".to_owned(), scaled);
    let sums: [(&str, Sum<'_>); 6] = [
        ("weights", &|sums| grouped(sums.nnz)),
        ("density", &|sums| percent(sums.density)),
        ("on a path", &|sums| percent(sums.effective_density)),
        ("dead channels", &|sums| sums.dead_channels.to_string()),
        ("test FLOPs", &|sums| scaled(sums.test_flops)),
        ("training FLOPs", &train),
    ];
    for (label, of) in sums {
        table.row(
            [label.to_owned()].into_iter().chain(comparison.inits.iter().map(|column| of(&column.sums))),
        );
    }
    format!("{}\n{} at each layer's density, all sums of one image\n", table.render(), comparison.model)
}

/// How a row says one number of an init.
type Sum<'a> = &'a dyn Fn(&Report<'_>) -> String;
