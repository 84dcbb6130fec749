//! A training pass in groups that share batch-norm statistics.

use super::{Gradients, Mode, Network, ReferenceError, Scalar, Trace, backward, cross_entropy, forward};
use crate::graph::Graph;
use crate::groups::groups;

/// What the passes over the groups of one batch came to.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupedPass<T> {
    /// One a group, in order.
    pub traces: Vec<Trace<T>>,
    /// Mean over the whole batch.
    pub loss: T,
    /// Of that mean.
    pub gradients: Gradients<T>,
}

/// Cuts a batch into [`groups`] of at most `most` samples, each of which is normalized by its own statistics: with n_g of n
/// samples in group g the loss is `sum of n_g / n * (mean loss of g)`, and its gradients are sums of the groups' likewise.
pub fn pass_in_groups<T: Scalar>(
    graph: &Graph,
    network: &Network<T>,
    images: &[T],
    labels: &[u32],
    mode: Mode,
    most: usize,
) -> Result<GroupedPass<T>, ReferenceError> {
    let pixels = graph.input().len();
    super::error::check_len("images", labels.len() * pixels, images.len())?;
    let params = network.params.iter().map(|tensor| vec![T::ZERO; tensor.len()]).collect();
    let gradients = Gradients { params, input: Vec::with_capacity(images.len()) };
    let mut all = GroupedPass { traces: Vec::new(), loss: T::ZERO, gradients };
    for group in groups(labels.len(), most) {
        let share = T::from_f64(group.len() as f64 / labels.len() as f64);
        let here = &images[group.start * pixels..group.end * pixels];
        let trace = forward(graph, network, here, group.len(), mode)?;
        let mut loss = cross_entropy(trace.logits(), &labels[group], graph.classes())?;
        loss.gradient.iter_mut().for_each(|slope| *slope = share * *slope);
        let found = backward(graph, network, &trace, &loss.gradient)?;
        all.loss += share * loss.mean;
        for (sum, term) in all.gradients.params.iter_mut().zip(&found.params) {
            sum.iter_mut().zip(term).for_each(|(sum, &term)| *sum += term);
        }
        all.gradients.input.extend(found.input);
        all.traces.push(trace);
    }
    if all.traces.is_empty() {
        return Err(ReferenceError::EmptyBatch);
    }
    Ok(all)
}

impl<T: Scalar> Network<T> {
    /// Moves the running statistics once (momentum 0.1) towards the mean of the groups' means and unbiased variances,
    /// weighted by samples. Traces of evaluation passes change nothing.
    pub fn update_running_in_groups(&mut self, traces: &[Trace<T>]) {
        let samples: usize = traces.iter().map(Trace::batch).sum();
        // Moving is linear: the mean of where each group alone would move them to.
        let (before, mut first) = (self.clone(), true);
        for trace in traces {
            let mut alone = before.clone();
            alone.update_running(trace);
            let share = T::from_f64(trace.batch() as f64 / samples as f64);
            let sums = self.running_mean.iter_mut().chain(&mut self.running_var);
            for (sum, moved) in sums.zip(alone.running_mean.iter().chain(&alone.running_var)) {
                for (sum, &moved) in sum.iter_mut().zip(moved) {
                    *sum = if first { share * moved } else { *sum + share * moved };
                }
            }
            first = false;
        }
    }
}
