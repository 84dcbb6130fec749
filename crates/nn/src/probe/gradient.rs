//! The gradient of the loss at every weight of the dense network (SNIP: Lee et al. 2019).

use super::{Dense, Samples, check_dense, prunable};
use crate::graph::Graph;
use crate::optim::Optimizer;
use crate::params::{Column, ParamStore};
use crate::{Session, SessionError, SessionOptions};
use rarefy_core::memory;

/// Gradient of the mean cross-entropy over all samples, batch norms in training mode, weights as they are.
///
/// Each of `batches` is one pass with its own batch statistics; several are averaged by their sizes (in f64), which differs
/// from one pass over all. Memory is that of one training step of the dense network on the largest batch.
///
/// # Errors
/// A store that is not dense, samples that do not fit the network, numbers that are not finite.
pub fn gradient(
    graph: &Graph,
    dense: &ParamStore,
    batches: &[Samples<'_>],
    threads: usize,
) -> Result<Dense, SessionError> {
    check_dense(dense)?;
    let max_batch = batches.iter().map(|batch| batch.labels.len()).max().unwrap_or(0);
    let optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
    let options = SessionOptions { max_batch, threads, optimizer };
    let mut session = Session::new(graph.clone(), dense.try_clone()?, options)?;
    let total: usize = batches.iter().map(|batch| batch.labels.len()).sum();
    let zeros = |view| memory::zeros(dense.slice(view, Column::Value).len(), "a gradient a weight");
    let mut sums = prunable(dense).map(zeros).collect::<Result<Dense, _>>()?;
    for batch in batches {
        session.gradients(batch.images, batch.labels)?;
        let share = batch.labels.len() as f64 / total as f64;
        for ((view, sums), pattern) in prunable(dense).zip(&mut sums).zip(dense.patterns()) {
            let gradient = session.store().slice(view, Column::Gradient);
            // The index of each canonical number in the dense weight.
            for (place, g) in pattern.iter_dense_indices().zip(gradient) {
                sums[place] += share * f64::from(*g);
            }
        }
    }
    Ok(sums)
}
