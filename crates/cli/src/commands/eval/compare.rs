//! Runs that differ by their seeds alone, compared with those of other settings.

use super::report::Result as Evaluated;
use crate::table::Table;
use rarefy::eval::stats::{Paired, Summary, holm};
use rarefy::train::Recipe;
use serde::Serialize;
use serde_json::{Map, Value};

/// Keys of a recipe that do not make it another way of training.
const NOT_SETTINGS: [&str; 9] = [
    "seed",
    "mask_seed",
    "init_seed",
    "data_seed",
    "data_dir",
    "threads",
    "checkpoint_every",
    "log_gradient_flow",
    "out",
];
/// Fewer seeds prove nothing.
const SEEDS: usize = 5;

/// All settings, quantity by quantity.
#[derive(Serialize)]
pub(super) struct Comparison {
    settings: Vec<String>,
    quantities: Vec<Quantity>,
}

#[derive(Serialize)]
struct Quantity {
    name: String,
    settings: Vec<Option<Summary>>,
    pairs: Vec<Pair>,
}

/// Two settings over the seeds they share.
#[derive(Serialize)]
struct Pair {
    a: String,
    b: String,
    #[serde(flatten)]
    paired: Paired,
    p_holm: f64,
    /// At least 5 seeds, a difference of at least 2 standard errors, p below 0.05 after Holm.
    ranked: bool,
}

/// A run as comparisons see it.
struct Run {
    settings: Map<String, Value>,
    seed: Value,
    values: Vec<(String, f64)>,
}

/// Compares the runs of these recipes, if they have one.
pub(super) fn compare(recipes: &[Option<Recipe>], results: &[Evaluated]) -> Comparison {
    let runs: Vec<Run> =
        recipes.iter().zip(results).map(|(recipe, result)| run(recipe.as_ref(), result)).collect();
    let mut settings: Vec<Map<String, Value>> = Vec::new();
    for run in &runs {
        if !settings.contains(&run.settings) {
            settings.push(run.settings.clone());
        }
    }
    let labels: Vec<String> = settings.iter().map(|own| label(own, &settings)).collect();
    let names =
        runs.first().map_or(Vec::new(), |run| run.values.iter().map(|(name, _)| name.clone()).collect());
    let quantity = |name: String| {
        let of = |own: &Map<String, Value>| -> Vec<(&Value, f64)> {
            let same = runs.iter().filter(|run| run.settings == *own);
            same.filter_map(|run| Some((&run.seed, run.values.iter().find(|(key, _)| *key == name)?.1)))
                .collect()
        };
        let all: Vec<Vec<(&Value, f64)>> = settings.iter().map(of).collect();
        let summary =
            |own: &Vec<(&Value, f64)>| Summary::of(&own.iter().map(|run| run.1).collect::<Vec<_>>());
        let summaries = all.iter().map(summary).collect();
        let mut pairs = Vec::new();
        for (a, ours) in all.iter().enumerate() {
            for (b, theirs) in all.iter().enumerate().skip(a + 1) {
                let both = ours.iter().filter_map(|(seed, x)| {
                    theirs.iter().find(|(other, _)| other == seed).map(|(_, y)| (*x, *y))
                });
                let (x, y): (Vec<f64>, Vec<f64>) = both.unzip();
                if let Some(paired) = Paired::of(&x, &y) {
                    pairs.push(Pair {
                        a: labels[a].clone(),
                        b: labels[b].clone(),
                        paired,
                        p_holm: 1.0,
                        ranked: false,
                    });
                }
            }
        }
        let adjusted = holm(&pairs.iter().map(|pair| pair.paired.p).collect::<Vec<_>>());
        for (pair, p) in pairs.iter_mut().zip(adjusted) {
            let Paired { n, difference, standard_error, .. } = pair.paired;
            pair.p_holm = p;
            pair.ranked = n >= SEEDS && difference.abs() >= 2.0 * standard_error && p < 0.05;
        }
        Quantity { name, settings: summaries, pairs }
    };
    Comparison { quantities: names.into_iter().map(quantity).collect(), settings: labels }
}

fn run(recipe: Option<&Recipe>, result: &Evaluated) -> Run {
    let recipe = recipe.and_then(|recipe| serde_json::to_value(recipe).ok());
    let mut settings = match recipe {
        Some(Value::Object(map)) => map,
        // A network that no run left stands for itself.
        _ => Map::from_iter([(
            "checkpoint".to_owned(),
            result.identity.checkpoint.display().to_string().into(),
        )]),
    };
    let seed = settings.get("seed").cloned().unwrap_or(Value::Null);
    settings.retain(|key, _| !NOT_SETTINGS.contains(&key.as_str()));
    Run { settings, seed, values: result.values() }
}

/// The keys in which settings differ, or the model.
fn label(own: &Map<String, Value>, all: &[Map<String, Value>]) -> String {
    let differs = |key: &&String| all.iter().any(|other| other.get(*key) != own.get(*key));
    let text = |key: &String| {
        let value = own.get(key).map_or(String::new(), |v| v.as_str().map_or(v.to_string(), str::to_owned));
        format!("{key}={value}")
    };
    let parts: Vec<String> = own.keys().filter(differs).map(text).collect();
    match parts.is_empty() {
        true => own.keys().filter(|key| *key == "model").map(text).collect(),
        false => parts.join(" "),
    }
}

impl Comparison {
    /// Means and deviations, then the pairs, if two settings share two seeds.
    pub(super) fn tables(&self) -> Vec<Table> {
        let mut means = Table::new(&["quantity", "settings", "n", "mean", "deviation", "95 % interval"], 2);
        let mut pairs =
            Table::new(&["quantity", "a", "b", "n", "a - b", "standard error", "p (Holm)", "ranked"], 3);
        for quantity in &self.quantities {
            for (label, summary) in self.settings.iter().zip(&quantity.settings) {
                let Some(Summary { n, mean, std, interval }) = summary else { continue };
                means.row([
                    quantity.name.clone(),
                    label.clone(),
                    n.to_string(),
                    format!("{mean:.4}"),
                    std.map_or("-".to_owned(), |std| format!("{std:.4}")),
                    interval.map_or("-".to_owned(), |[low, high]| format!("{low:.4} to {high:.4}")),
                ]);
            }
            for Pair { a, b, paired, p_holm, ranked } in &quantity.pairs {
                pairs.row([
                    quantity.name.clone(),
                    a.clone(),
                    b.clone(),
                    paired.n.to_string(),
                    format!("{:+.4}", paired.difference),
                    format!("{:.4}", paired.standard_error),
                    format!("{p_holm:.4}"),
                    if *ranked { "yes" } else { "no" }.to_owned(),
                ]);
            }
        }
        match self.quantities.iter().all(|quantity| quantity.pairs.is_empty()) {
            true => vec![means],
            false => vec![means, pairs],
        }
    }
}
