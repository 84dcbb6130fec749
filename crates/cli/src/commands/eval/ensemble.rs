//! Several networks as one: the mean of their probabilities.

use super::accuracy::{Accuracy, describe};
use super::network::Network;
use super::watcher::Watcher;
use crate::failure::Failure;
use rarefy::data::Split;
use rarefy::eval::ensemble;

/// Evaluates the mean of all networks on the first one's data.
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
