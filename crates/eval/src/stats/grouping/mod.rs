//! Which runs are of one setting, and which runs of two settings make a pair.

mod error;
mod label;

pub use error::GroupingError;

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What a run was asked for, key by key.
type Settings = BTreeMap<String, String>;

/// The seeds that tell the runs of one setting apart. Runs of two settings are a pair if all three are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seeds {
    /// Which weights exist.
    pub mask: u64,
    /// Initial weights.
    pub init: u64,
    /// Order and augmentation of samples.
    pub data: u64,
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mask, init, data } = self;
        match mask == init && init == data {
            true => write!(f, "seed {mask}"),
            false => write!(f, "mask seed {mask}, init seed {init}, data seed {data}"),
        }
    }
}

/// A trained network as a comparison sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What messages call it, e.g. its file.
    pub name: String,
    /// What it was asked for, without seeds and without what changes no bit of the result.
    pub settings: BTreeMap<String, String>,
    /// Files of other networks that it started from. As each seed usually has a file of its own, they are only looked at
    /// where nothing else tells runs of equal seeds apart.
    pub sources: BTreeMap<String, String>,
    /// Its seeds.
    pub seeds: Seeds,
    /// Equal for equal networks, and for no others.
    pub fingerprint: u64,
}

/// A run of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Name of the run.
    pub name: String,
    /// Its seeds.
    pub seeds: Seeds,
    /// Its place among the runs given.
    #[serde(skip)]
    pub index: usize,
}

/// Two settings over the seeds that they share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pairing {
    /// Label of the one setting.
    pub a: String,
    /// Label of the other.
    pub b: String,
    /// The seeds of each pair.
    pub seeds: Vec<Seeds>,
    /// Runs of both for whose seeds the other setting has none.
    pub without_partner: Vec<String>,
    /// Of each pair, the places of both runs among the runs given.
    #[serde(skip)]
    pub pairs: Vec<(usize, usize)>,
}

/// Runs sorted into settings, and every two settings paired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Label and runs of each setting, in the order of their first runs.
    pub settings: Vec<(String, Vec<Member>)>,
    /// Every two settings.
    pub pairings: Vec<Pairing>,
}

impl Grouping {
    /// Sorts `runs` into settings and pairs the runs of equal seeds.
    ///
    /// # Errors
    /// A run that is named twice or whose network is that of another run of its setting, two runs of one setting with the
    /// same seeds, two settings without common seeds.
    pub fn of(runs: &[Run]) -> Result<Self, GroupingError> {
        let mut groups: Vec<(Settings, Vec<usize>)> = Vec::new();
        for group in group_by(runs, 0..runs.len(), |run| &run.settings) {
            match twice(group.iter().map(|&at| runs[at].seeds)) {
                Some(_) => groups.extend(group_by(runs, group, |run| &run.sources).map(|part| {
                    let Run { settings, sources, .. } = &runs[part[0]];
                    (settings.clone().into_iter().chain(sources.clone()).collect(), part)
                })),
                None => groups.push((runs[group[0]].settings.clone(), group)),
            }
        }
        groups.iter().try_for_each(|(_, group)| check(runs, group))?;
        let keys: Vec<&Settings> = groups.iter().map(|(settings, _)| settings).collect();
        let member = |&index: &usize| {
            let Run { name, seeds, .. } = &runs[index];
            Member { name: name.clone(), seeds: *seeds, index }
        };
        let settings: Vec<(String, Vec<Member>)> = groups
            .iter()
            .map(|(own, group)| (label::label(own, &keys), group.iter().map(member).collect()))
            .collect();
        let mut pairings = Vec::new();
        for (at, a) in settings.iter().enumerate() {
            for b in &settings[at + 1..] {
                pairings.push(Pairing::of(a, b)?);
            }
        }
        Ok(Self { settings, pairings })
    }
}

/// Groups of runs, in the order of their first ones, that agree in what `by` gives.
fn group_by<'a, K: PartialEq + 'a>(
    runs: &'a [Run],
    indices: impl IntoIterator<Item = usize>,
    by: impl Fn(&'a Run) -> &'a K,
) -> impl Iterator<Item = Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in indices {
        match groups.iter_mut().find(|group| by(&runs[group[0]]) == by(&runs[index])) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups.into_iter()
}

/// The first item that is there twice.
fn twice<T: PartialEq>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = Vec::new();
    for item in items {
        if seen.contains(&item) {
            return Some(item);
        }
        seen.push(item);
    }
    None
}

/// Refuses networks that are there twice, by their names or by their fingerprints.
///
/// # Errors
/// [`GroupingError::NamedTwice`], [`GroupingError::SameNetwork`].
pub fn distinct<'a>(networks: impl Iterator<Item = (&'a str, u64)> + Clone) -> Result<(), GroupingError> {
    if let Some(name) = twice(networks.clone().map(|(name, _)| name)) {
        return Err(GroupingError::NamedTwice { name: name.to_owned() });
    }
    match twice(networks.clone().map(|(_, fingerprint)| fingerprint)) {
        Some(same) => {
            let holders = networks.filter(|(_, fingerprint)| *fingerprint == same);
            Err(GroupingError::SameNetwork { names: holders.map(|(name, _)| name.to_owned()).collect() })
        }
        None => Ok(()),
    }
}

/// Refuses runs of one setting that are no independent measurements.
fn check(runs: &[Run], group: &[usize]) -> Result<(), GroupingError> {
    let runs = || group.iter().map(|&at| &runs[at]);
    distinct(runs().map(|run| (run.name.as_str(), run.fingerprint)))?;
    match twice(runs().map(|run| run.seeds)) {
        Some(seeds) => {
            let names = runs().filter(|run| run.seeds == seeds).map(|run| run.name.clone()).collect();
            Err(GroupingError::SameSeeds { names, seeds })
        }
        None => Ok(()),
    }
}

impl Pairing {
    fn of(a: &(String, Vec<Member>), b: &(String, Vec<Member>)) -> Result<Self, GroupingError> {
        let partner = |own: &Member, others: &[Member]| {
            others.iter().find(|other| other.seeds == own.seeds).map(|other| other.index)
        };
        let both = a.1.iter().filter_map(|run| Some((run, partner(run, &b.1)?)));
        let (seeds, pairs): (Vec<Seeds>, Vec<(usize, usize)>) =
            both.map(|(run, other)| (run.seeds, (run.index, other))).unzip();
        if pairs.is_empty() {
            return Err(GroupingError::NoSharedSeeds { a: a.clone(), b: b.clone() });
        }
        let alone = |own: &[Member], others: &[Member]| -> Vec<String> {
            own.iter().filter(|run| partner(run, others).is_none()).map(|run| run.name.clone()).collect()
        };
        let without_partner = [alone(&a.1, &b.1), alone(&b.1, &a.1)].concat();
        Ok(Self { a: a.0.clone(), b: b.0.clone(), seeds, without_partner, pairs })
    }
}
