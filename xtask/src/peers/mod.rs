//! `cargo xtask bench-peers`: rarefy beside PyTorch and SparseProp, in turn, on this machine.

mod cases;
mod environment;
mod machine;
mod measure;
mod options;
mod table;

use crate::Task;
use crate::process::{Outcome, cargo, run, say};
use cases::{DENSITIES, Group, Kind, Layer, Network};
use measure::{Programs, Time};
use options::{HELP, Options};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use table::{LayerRows, NetworkRow, Runs};

pub(crate) const TASK: Task = Task {
    name: "bench-peers",
    about: "Compare with PyTorch on this machine: Markdown tables (--help lists the flags)",
    run: bench_peers,
};

/// Tells people something beside the tables.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn bench_peers(root: &Path, args: &[String]) -> Outcome {
    if args.iter().any(|arg| crate::is_help(arg)) {
        say(HELP);
        return Ok(());
    }
    let options = Options::parse(args)?;
    let rarefy = match &options.rarefy {
        Some(rarefy) => rarefy.clone(),
        None => {
            run(cargo(root, ["build", "--release", "--package", "rarefy-cli"]).stdout(Stdio::null()))?;
            root.join("target").join("release").join("rarefy")
        }
    };
    let script = root.join("xtask").join("peers").join("peer.py");
    let python = environment::python(root, options.python.as_deref());
    if let Err(problem) = &python {
        note(&format!("PyTorch is left out, rarefy is measured alone: {problem}"));
    }
    let versions = python.as_ref().ok().and_then(|python| {
        let ask = "import torch; print('PyTorch', torch.__version__)";
        machine::said(Command::new(python).args(["-c", ask]))
    });
    let programs = Programs::new(&options, rarefy, python.ok().map(|python| (python, script)));
    let mut results: Vec<Results> = options.groups.iter().map(|group| Results::new(group)).collect();
    let mut problems = Vec::new();
    for round in 1..=options.rounds {
        for results in &mut results {
            note(&format!("round {round} of {}: {}", options.rounds, results.name()));
            results.measure(&programs, &mut problems);
        }
    }
    say(&format!(
        "{}{}; {} rounds of {} steps, batch {}; median of the rounds' medians [least of all]\n",
        machine::line(root),
        versions.map_or(String::new(), |versions| format!(", {versions}")),
        options.rounds,
        options.steps,
        measure::BATCH,
    ));
    say(&tables(&results));
    problems.sort();
    problems.dedup();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(format!("some cases could not be measured:\n{}", problems.join("\n"))),
    }
}

/// What the rounds of a group came to.
enum Results {
    Network {
        name: &'static str,
        network: &'static Network,
        rarefy: Vec<Runs>,
        dense: Runs,
        masked: Runs,
    },
    Layer {
        name: &'static str,
        layer: &'static Layer,
        rarefy: PerDensity,
        torch: Runs,
        sparseprop: PerDensity,
    },
}

type PerDensity = [Runs; DENSITIES.len()];

impl Results {
    fn new(group: &'static Group) -> Self {
        let name = group.name;
        match &group.kind {
            Kind::Network(network) => Self::Network {
                name,
                network,
                rarefy: vec![Runs::default(); network.cases.len()],
                dense: Runs::default(),
                masked: Runs::default(),
            },
            Kind::Layer(layer) => Self::Layer {
                name,
                layer,
                rarefy: PerDensity::default(),
                torch: Runs::default(),
                sparseprop: PerDensity::default(),
            },
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Network { name, .. } | Self::Layer { name, .. } => name,
        }
    }

    /// One round: every program once, in turn.
    fn measure(&mut self, programs: &Programs, problems: &mut Vec<String>) {
        let mut keep = |runs: &mut Runs, time: Result<Time, String>| match time {
            Ok(time) => runs.push(time),
            Err(problem) => problems.push(problem),
        };
        match self {
            Self::Network { network, rarefy, dense, masked, .. } => {
                if let Some(time) = programs.torch(network, false) {
                    keep(dense, time);
                }
                for (runs, case) in rarefy.iter_mut().zip(network.cases) {
                    keep(runs, programs.network(network, case.flags));
                }
                // Masks are part of the weights in evaluation.
                if let Some(time) = (!network.eval).then(|| programs.torch(network, true)).flatten() {
                    keep(masked, time);
                }
            }
            Self::Layer { layer, rarefy, torch, sparseprop, .. } => {
                for (runs, density) in rarefy.iter_mut().zip(DENSITIES) {
                    keep(runs, programs.layer(layer, density));
                }
                match programs.peer_layer(layer) {
                    Some(Ok(peer)) => {
                        torch.push(peer.torch);
                        let measured = sparseprop.iter_mut().zip(peer.sparseprop);
                        measured.for_each(|(runs, time)| time.into_iter().for_each(|time| runs.push(time)));
                    }
                    Some(Err(problem)) => problems.push(problem),
                    None => {}
                }
            }
        }
    }
}

fn tables(results: &[Results]) -> String {
    let (mut networks, mut layers) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Results::Network { network, rarefy, dense, masked, .. } => {
                let cases = network.cases.iter().zip(rarefy);
                networks.extend(cases.map(|(case, rarefy)| NetworkRow {
                    network,
                    case,
                    rarefy,
                    dense,
                    masked,
                }));
            }
            Results::Layer { layer, rarefy, torch, sparseprop, .. } => {
                layers.push(LayerRows { layer, rarefy, torch, sparseprop });
            }
        }
    }
    let mut text = Vec::new();
    if !networks.is_empty() {
        text.push(table::networks(&networks));
    }
    if !layers.is_empty() {
        text.push(table::layers(&layers));
    }
    text.join("\n")
}
