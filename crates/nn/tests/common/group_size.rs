//! Groups that batch norms can be trained on.

use super::common::Case;
use rarefy_nn::groups;

/// The smallest group size from `wanted` on that gives every batch norm of `case` more than one number a channel.
pub(crate) fn group_size(case: &Case, wanted: usize) -> usize {
    let area = case.graph.batch_norms().map(|(_, node)| node.extent.area()).min().unwrap_or(2);
    let samples = case.labels.len();
    let fits = |most: &usize| groups(samples, *most).all(|group| group.len() * area > 1);
    (wanted..=samples).find(fits).unwrap_or(samples)
}
