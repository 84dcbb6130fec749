//! Runs that differ by their seeds alone, compared with those of other settings.

use super::network::Network;
use crate::failure::Failure;
use crate::output::note;
use crate::table::Table;
use rarefy::eval::stats::{Comparison, Pair, Run, Seeds, Summary};
use rarefy::train::files;

/// What the comparison needs to know of a network.
///
/// # Errors
/// A network without recipe or seeds: nothing says what it is a sample of.
pub(super) fn run(network: &Network) -> Result<Run, Failure> {
    let name = network.path.display().to_string();
    let checkpoint = &network.trained.checkpoint;
    let (Some(recipe), Some(seeds)) = (&network.trained.recipe, checkpoint.meta.seeds) else {
        let problem =
            "holds no recipe and seeds of a training run, and --compare groups by recipe and pairs by seeds";
        let hint = "leave it away, or evaluate it without --compare";
        return Err(Failure::usage(format!("{name} {problem}")).hint(hint));
    };
    if network.path.with_file_name(files::LAST).exists()
        && !network.path.with_file_name(files::SUMMARY).exists()
    {
        note(format_args!("{name}: its run has not finished, the network is compared as it is"));
    }
    let identity = recipe.identity();
    Ok(Run {
        name,
        settings: identity.settings(),
        sources: identity.sources(),
        seeds: Seeds { mask: seeds.mask, init: seeds.init, data: seeds.data },
        fingerprint: network.fingerprint(),
    })
}

/// No p is 0.
fn probability(p: f64) -> String {
    if p < 1e-4 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}

/// Means and deviations; the pairs, if there are two settings; the runs without a partner, if there are any.
pub(super) fn tables(comparison: &Comparison) -> Vec<Table> {
    let mut means = Table::new(&["quantity", "settings", "n", "mean", "deviation", "95 % interval"], 2);
    let mut pairs =
        Table::new(&["quantity", "a", "b", "n", "a - b", "standard error", "p (Holm)", "ranked"], 3);
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.4}"));
    for quantity in &comparison.quantities {
        for (label, summary) in comparison.settings.iter().zip(&quantity.settings) {
            let Some(Summary { n, mean, std, interval }) = summary else { continue };
            means.row([
                quantity.name.clone(),
                label.clone(),
                n.to_string(),
                format!("{mean:.4}"),
                number(*std),
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
                number(paired.standard_error),
                p_holm.map_or("-".to_owned(), probability),
                if *ranked { "yes" } else { "no" }.to_owned(),
            ]);
        }
    }
    let mut alone = Table::new(&["without a partner", "seeds", "a", "b"], 4);
    let members = || comparison.runs.iter().flatten();
    for pairing in &comparison.pairings {
        for name in &pairing.without_partner {
            let seeds =
                members().find(|run| run.name == *name).map_or(String::new(), |run| run.seeds.to_string());
            alone.row([name.clone(), seeds, pairing.a.clone(), pairing.b.clone()]);
        }
    }
    let shown = |table: Table| Some(table).filter(|table| !table.is_empty());
    [shown(means), shown(pairs), shown(alone)].into_iter().flatten().collect()
}
