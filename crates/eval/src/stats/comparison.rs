//! Every quantity of every setting, and every two settings tested.

use super::grouping::{Grouping, Member, Pairing};
use super::paired::{Paired, holm};
use super::summary::Summary;
use serde::Serialize;

/// Fewer pairs rank nothing.
pub const SEEDS: usize = 5;
/// A smaller difference, in standard errors, ranks nothing.
const STANDARD_ERRORS: f64 = 2.0;
/// The adjusted p that a ranking stays below.
const SIGNIFICANCE: f64 = 0.05;

/// All settings, quantity by quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Labels.
    pub settings: Vec<String>,
    /// The runs of each setting.
    pub runs: Vec<Vec<Member>>,
    /// Every two settings.
    pub pairings: Vec<Pairing>,
    /// Every quantity.
    pub quantities: Vec<Quantity>,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name, e.g. `ece`.
    pub name: String,
    /// Over all runs of each setting.
    pub settings: Vec<Option<Summary>>,
    /// Over the shared seeds of every two settings.
    pub pairs: Vec<Pair>,
}

/// Two settings in one quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Label of the one setting.
    pub a: String,
    /// Label of the other.
    pub b: String,
    /// Of `a - b`.
    #[serde(flatten)]
    pub paired: Paired,
    /// p after Holm's adjustment over all pairs of this quantity that have one.
    pub p_holm: Option<f64>,
    /// Whether there are at least [`SEEDS`] pairs, the difference is at least 2 standard errors, and `p_holm` is below 0.05.
    pub ranked: bool,
}

impl Grouping {
    /// Summarizes and tests every quantity; `values` has those of each run, by name, in the order in which the runs were
    /// given.
    pub fn compare(&self, values: &[Vec<(String, f64)>]) -> Comparison {
        let mut names: Vec<&String> = Vec::new();
        for (name, _) in values.iter().flatten() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Comparison {
            settings: self.settings.iter().map(|(label, _)| label.clone()).collect(),
            runs: self.settings.iter().map(|(_, runs)| runs.clone()).collect(),
            pairings: self.pairings.clone(),
            quantities: names.into_iter().map(|name| self.quantity(name, values)).collect(),
        }
    }

    fn quantity(&self, name: &str, values: &[Vec<(String, f64)>]) -> Quantity {
        let value =
            |run: usize| values.get(run)?.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let summary = |(_, runs): &(String, Vec<Member>)| {
            Summary::of(&runs.iter().filter_map(|run| value(run.index)).collect::<Vec<_>>())
        };
        let pair = |pairing: &Pairing| {
            let both = pairing.pairs.iter().filter_map(|&(a, b)| Some((value(a)?, value(b)?)));
            let paired = Paired::of(&both.collect::<Vec<_>>())?;
            let (a, b) = (pairing.a.clone(), pairing.b.clone());
            Some(Pair { a, b, paired, p_holm: None, ranked: false })
        };
        let mut pairs: Vec<Pair> = self.pairings.iter().filter_map(pair).collect();
        let mut tested: Vec<&mut Pair> = pairs.iter_mut().filter(|pair| pair.paired.p.is_some()).collect();
        let adjusted = holm(&tested.iter().filter_map(|pair| pair.paired.p).collect::<Vec<_>>());
        for (pair, p) in tested.iter_mut().zip(adjusted) {
            let Paired { n, difference, standard_error, .. } = pair.paired;
            let clear = standard_error.is_some_and(|error| difference.abs() >= STANDARD_ERRORS * error);
            pair.p_holm = Some(p);
            pair.ranked = n >= SEEDS && clear && p < SIGNIFICANCE;
        }
        Quantity { name: name.to_owned(), settings: self.settings.iter().map(summary).collect(), pairs }
    }
}
