//! `dst_steps.json`: what one update of a layer drops and grows, as exact index sets.

use crate::json::{array, get, integer, integers, number, object, read, text};
use crate::tally::{Outcome, Tally};
use rarefy::core::{Block, Pattern, PatternEdit, WeightShape};
use rarefy::sparsity::update::{Draw, Rules, Updater};
use rarefy::sparsity::{Active, drop, grow, redistribution};
use serde_json::Value;
use std::path::Path;

/// Compares every case of the file.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let file = read(path)?;
    let (mut sets, mut skipped) = (Tally::default(), Vec::new());
    for case in array(get(&file, "cases")?)? {
        let name = text(get(case, "name")?)?;
        for (rule, expected) in object(get(case, "expected")?)? {
            match drop::find(rule) {
                Ok(rule) => {
                    check_case(case, rule, expected, &mut sets).map_err(|error| format!("{name}: {error}"))?
                }
                Err(_) => skipped.push(format!("drop rule {rule} of {name}")),
            }
        }
    }
    Ok(Outcome::new(vec![("index_sets", sets)], skipped))
}

fn check_case(
    case: &Value,
    drop: &'static dyn drop::Rule,
    expected: &Value,
    tally: &mut Tally,
) -> Result<(), String> {
    let name = text(get(case, "name")?)?;
    let &[outputs, inputs, kernel_h, kernel_w] = integers(get(case, "shape")?)?.as_slice() else {
        return Err("expected a shape of four extents".into());
    };
    let shape = WeightShape::conv(outputs, inputs, kernel_h, kernel_w);
    let active = positions(get(case, "active")?)?;
    let before =
        Pattern::from_positions(shape, Block::UNSTRUCTURED, &active).map_err(|error| error.to_string())?;
    let weights = numbers(get(case, "weights")?)?;
    if weights.len() != shape.len() {
        return Err(format!("expected {} weights, found {}", shape.len(), weights.len()));
    }
    let values: Vec<f32> = before.iter_dense_indices().map(|index| weights[index]).collect();
    let fraction = number(get(case, "drop_fraction")?)?;
    for growth in ["gradient", "momentum", "random"] {
        let label = format!("{name} {} {growth}", drop.name());
        let rules = Rules {
            drop,
            settings: drop::Settings::default(),
            scope: drop::Scope::Layer,
            grow: grow::find(growth).map_err(|error| error.to_string())?,
            redistribution: redistribution::find("none").map_err(|error| error.to_string())?,
        };
        let dense = match growth {
            "gradient" => numbers(get(case, "gradients")?)?,
            "momentum" => numbers(get(case, "momentum")?)?,
            _ => Vec::new(),
        };
        let layer =
            Active { name, pattern: &before, values: &values, gradient: &[], momentum: &[], signs: &[] };
        let (network, draw) = ([layer], Draw { seed: 0, update: 0 });
        let mut updater = Updater::default();
        let planned = updater
            .plan(&rules, &network[..], fraction, before.nnz() as u64, draw)
            .and_then(|()| updater.grow(&rules, &network[..], 0, &dense, None, draw));
        planned.map_err(|error| error.to_string())?;
        let mut after = before.clone();
        let (out, into) = updater.edit(0);
        after.edit(out, into, &mut PatternEdit::default()).map_err(|error| error.to_string())?;
        let active_after: Vec<u32> = after.iter_positions().collect();

        let mut same = |what: &str, found: &[u32], expected: &[u32]| {
            tally.require(&format!("{label} {what}"), found == expected, || {
                format!("expected {} positions, found {} others", expected.len(), found.len())
            });
        };
        same("dropped", updater.dropped(0), &positions(get(expected, "dropped")?)?);
        let left: Vec<u32> =
            active.iter().copied().filter(|at| updater.dropped(0).binary_search(at).is_err()).collect();
        same("left", &left, &positions(get(expected, "active_after_drop")?)?);
        let wanted = get(expected, growth)?;
        if growth == "random" {
            let count = integer(get(wanted, "active_count")?)?;
            tally.require(&label, active_after.len() as u64 == count, || {
                format!("expected {count} weights, found {}", active_after.len())
            });
            continue;
        }
        same("grown", updater.grown(0), &positions(get(wanted, "grown")?)?);
        same("active", &active_after, &positions(get(wanted, "active")?)?);
        let regrown: Vec<u32> = updater
            .grown(0)
            .iter()
            .copied()
            .filter(|at| updater.dropped(0).binary_search(at).is_ok())
            .collect();
        same("dropped and regrown", &regrown, &positions(get(wanted, "dropped_and_regrown")?)?);
        let count = integer(get(expected, "number_to_grow")?)?;
        tally.require(&label, updater.growth(0) as u64 == count, || {
            format!("expected {count} to grow, found {}", updater.growth(0))
        });
    }
    Ok(())
}

fn positions(list: &Value) -> Result<Vec<u32>, String> {
    Ok(integers(list)?.into_iter().map(|position| position as u32).collect())
}

fn numbers(list: &Value) -> Result<Vec<f32>, String> {
    array(list)?.iter().map(|value| number(value).map(|value| value as f32)).collect()
}
