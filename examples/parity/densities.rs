//! `densities.json`: layer lists of models, and the densities that each sparse init gives their layers.

use crate::json::{array, at, get, integer, integers, number, object, read, text};
use crate::tally::{Outcome, Tally};
use rarefy::core::{Block, Density, Extent};
use rarefy::nn::graph::Graph;
use rarefy::nn::models;
use rarefy::sparsity::{Layer, Options, Request, SparsityError, draw, init};
use serde_json::Value;
use std::path::Path;

/// Relative, of a density.
const TOLERANCE: f64 = 1e-9;

/// Compares every model and init of the file.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let file = read(path)?;
    let (mut shapes, mut densities, mut skipped) = (Tally::default(), Tally::default(), Vec::new());
    // The small copy has only models, with shapes and rows of density and count.
    let inits = file.get("inits").map_or(Ok(&[][..]), array)?;
    for name in inits {
        let name = text(name)?;
        if init::find(name).is_err() {
            skipped.push(format!("init {name}"));
        }
    }
    for (model, entry) in object(get(&file, "models")?)? {
        let in_model = |error: String| format!("model {model}: {error}");
        let known =
            entry.get("input").is_none() || check_layers(model, entry, &mut shapes).map_err(in_model)?;
        if !known {
            skipped.push(format!("layer list of {model}"));
        }
        check_densities(model, entry, &mut densities).map_err(in_model)?;
    }
    Ok(Outcome::new(vec![("layer_lists", shapes), ("densities", densities)], skipped))
}

/// Compares the layer list of a model that this library builds; `false` for another one.
fn check_layers(model: &str, entry: &Value, tally: &mut Tally) -> Result<bool, String> {
    let &[channels, height, width] = integers(get(entry, "input")?)?.as_slice() else {
        return Err("expected `input` to be channels, height and width".into());
    };
    let classes = integer(get(entry, "classes")?)? as usize;
    let graph = match models::build(model, Extent { channels, height, width }, classes) {
        Ok(graph) => graph,
        Err(models::ModelError::Unknown { .. }) => return Ok(false),
        Err(error) => return Err(error.to_string()),
    };
    let found = rows(&graph);
    let expected = array(get(entry, "layers")?)?;
    tally.require(&format!("{model} layers"), found.len() == expected.len(), || {
        format!("expected {} layers, found {}", expected.len(), found.len())
    });
    for (found, expected) in found.iter().zip(expected) {
        tally.require(&format!("{model} layer"), found == expected, || {
            format!("expected {expected}, found {found}")
        });
    }
    let total = |of: fn(&Value) -> u64| found.iter().map(of).sum::<u64>();
    for (key, found) in [
        ("prunable", graph.prunable_len()),
        ("all_parameters", graph.parameters().iter().map(|parameter| parameter.len() as u64).sum()),
        ("dense_macs", total(|row| row[5].as_u64().unwrap_or(0))),
    ] {
        let expected = integer(get(entry, key)?)?;
        tally.require(&format!("{model} {key}"), found == expected, || {
            format!("expected {expected}, found {found}")
        });
    }
    Ok(true)
}

/// The file's layer rows: name, shape, numel, out_h, out_w, dense MACs.
fn rows(graph: &Graph) -> Vec<Value> {
    let row = |parameter: &rarefy::nn::graph::Parameter| {
        let extent = graph.node(parameter.node).extent;
        let macs = parameter.len() as u64 * graph.macs_per_weight(parameter.node);
        serde_json::json!([
            parameter.name,
            parameter.shape,
            parameter.len(),
            extent.height,
            extent.width,
            macs
        ])
    };
    graph.prunable().map(row).collect()
}

/// Compares densities and realized counts of every known init on the listed shapes.
fn check_densities(model: &str, entry: &Value, tally: &mut Tally) -> Result<(), String> {
    let layers = array(get(entry, "layers")?)?.iter().map(layer).collect::<Result<Vec<_>, _>>()?;
    let prunable = match entry.get("prunable") {
        Some(prunable) => integer(prunable)?,
        None => layers.iter().map(Layer::weights).sum(),
    };
    for (name, cases) in object(get(entry, "inits")?)? {
        let Ok(rule) = init::find(name) else { continue };
        for (key, case) in object(cases)? {
            let label = format!("{model} {name} {key}");
            let density: Density = key.parse()?;
            let request = Request {
                init: rule,
                layers: &layers,
                density,
                block: Block::UNSTRUCTURED,
                mask_seed: 0,
                options: Options::none(),
            };
            let drawn = draw(&request);
            let feasible = match case.get("status") {
                Some(status) => text(status)? == "ok",
                None => !case.is_null(),
            };
            if !feasible {
                let refused = matches!(drawn, Err(SparsityError::Infeasible { .. }));
                tally.require(&label, refused, || "expected a refusal with the feasible range".into());
                continue;
            }
            let Ok(drawn) = drawn.map_err(|error| tally.require(&label, false, || error.to_string())) else {
                continue;
            };
            let rows = array(case.get("rows").unwrap_or(case))?;
            tally.require(&label, rows.len() == layers.len(), || {
                format!("expected {} layers, found {}", rows.len(), layers.len())
            });
            for (row, (layer, drawn)) in rows.iter().zip(layers.iter().zip(&drawn.layers)) {
                let label = format!("{label} {}", layer.name);
                let (density, count) = if array(row)?.len() == 2 { (0, 1) } else { (2, 3) };
                tally.number(&label, drawn.ideal_density, number(at(row, density)?)?, TOLERANCE);
                let count = integer(at(row, count)?)?;
                tally.require(&label, drawn.nnz.abs_diff(count) <= 1, || {
                    format!("expected {count} weights or one off, found {}", drawn.nnz)
                });
            }
            let budget = (density.get() * prunable as f64).round() as u64;
            let nnz: usize = drawn.patterns.iter().map(|pattern| pattern.nnz()).sum();
            tally.require(&label, nnz as u64 == budget, || {
                format!("expected {budget} weights in all, found {nnz}")
            });
        }
    }
    Ok(())
}

fn layer(row: &Value) -> Result<Layer, String> {
    let name = text(at(row, 0)?)?;
    match *integers(at(row, 1)?)?.as_slice() {
        [outputs, inputs, kernel_h, kernel_w] => Ok(Layer::conv(name, outputs, inputs, kernel_h, kernel_w)),
        [outputs, inputs] => Ok(Layer::linear(name, outputs, inputs)),
        _ => Err(format!("layer {name}: expected a shape of two or four extents")),
    }
}
