//! Several networks as one: the mean of their probabilities.

use super::accuracy::{Accuracy, describe};
use super::network::Network;
use super::watcher::Watcher;
use crate::failure::Failure;
use rarefy::data::Split;
use rarefy::eval::stats::distinct;
use rarefy::eval::{EvalError, ensemble};

/// What an ensemble needs to know of a network before any work.
pub(super) struct Member {
    name: String,
    fingerprint: u64,
    data: String,
}

impl Member {
    pub(super) fn of(network: &Network) -> Self {
        Self {
            name: network.path.display().to_string(),
            fingerprint: network.fingerprint(),
            data: network.dataset.name().to_owned(),
        }
    }
}

/// Refuses networks that are there twice, which would count twice, and networks of several data sets.
pub(super) fn check(members: &[Member]) -> Result<(), Failure> {
    distinct(members.iter().map(|member| (member.name.as_str(), member.fingerprint)))
        .map_err(EvalError::from)?;
    let [first, rest @ ..] = members else { return Ok(()) };
    match rest.iter().find(|member| member.data != first.data) {
        Some(other) => Err(Failure::usage(format!(
            "{} is evaluated on `{}`, {} on `{}`: an ensemble has one data set",
            first.name, first.data, other.name, other.data
        ))
        .hint("leave one away, or name the data set of all with --data")),
        None => Ok(()),
    }
}

/// Evaluates the mean of all networks on the data set that they share.
pub(super) fn evaluate(
    mut networks: Vec<Network>,
    split: Split,
    watcher: &mut Watcher,
) -> Result<Accuracy, Failure> {
    let Some(first) = networks.first() else {
        return Err(Failure::usage("an ensemble needs networks"));
    };
    let dataset = first.dataset.clone();
    let mut classifiers: Vec<_> = networks.iter_mut().map(|network| &mut network.classifier).collect();
    Ok(describe(ensemble(&mut classifiers, &dataset, split, watcher)?, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_several_data_sets_make_no_ensemble() {
        let member = |name: &str, data: &str| Member {
            name: name.to_owned(),
            fingerprint: name.len() as u64,
            data: data.to_owned(),
        };
        assert!(check(&[member("a", "mnist"), member("bb", "mnist")]).is_ok());
        let refused = check(&[member("a", "mnist"), member("bb", "fashion-mnist")]).unwrap_err();
        assert!(format!("{refused:?}").contains("bb on `fashion-mnist`"), "{refused:?}");
    }
}
