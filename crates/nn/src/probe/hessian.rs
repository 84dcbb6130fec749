//! The Hessian of the loss times its gradient (GraSP: Wang et al. 2020, eq. 8).

use super::{Dense, Samples, check_dense, check_finite, prunable};
use crate::SessionError;
use crate::graph::Graph;
use crate::params::ParamStore;
use crate::reference::{Dual, Mode, Network, ReferenceError, Scalar, backward, cross_entropy, forward};
use rayon::prelude::*;

/// What logits are divided by before the softmax, as the published code has it.
pub const TEMPERATURE: f64 = 200.0;

/// `Hg`: the Hessian of the loss times its gradient, over the prunable weights.
///
/// Each of `halves` is one pass with its own batch statistics, batch norms in training mode; L_h is the mean cross-entropy of
/// the logits over [`TEMPERATURE`]. `g` is the sum of the gradients of all L_h, a constant, and `Hg` the sum of their
/// Hessians times `g`: exact, by dual numbers through the reference executor's backward pass (Pearlmutter 1994).
///
/// A half at a time (with more than one thread all at once) is held in memory with all its activations.
///
/// # Errors
/// A store that is not dense, samples that do not fit the network, numbers that are not finite.
pub fn hessian_gradient(
    graph: &Graph,
    dense: &ParamStore,
    halves: &[Samples<'_>],
    threads: usize,
) -> Result<Dense, SessionError> {
    check_dense(dense)?;
    let network = Network::<f64>::from_store(dense);
    let views: Vec<usize> = prunable(dense).collect();
    let refused = |error: ReferenceError| SessionError::Batch(error.to_string());
    let gradients = each(halves, threads, |half| gradient(graph, &network, *half)).map_err(refused)?;
    let constants = |values: &[f64]| values.iter().copied().map(Dual::constant).collect::<Vec<_>>();
    let mut moving = Network {
        params: network.params.iter().map(|values| constants(values)).collect(),
        running_mean: network.running_mean.iter().map(|values| constants(values)).collect(),
        running_var: network.running_var.iter().map(|values| constants(values)).collect(),
    };
    for half in gradients {
        for &view in &views {
            moving.params[view].iter_mut().zip(&half[view]).for_each(|(w, g)| w.tangent += g);
        }
    }
    let mut product: Dense = views.iter().map(|&view| vec![0.0; moving.params[view].len()]).collect();
    for half in each(halves, threads, |half| gradient(graph, &moving, *half)).map_err(refused)? {
        for (sum, &view) in product.iter_mut().zip(&views) {
            sum.iter_mut().zip(&half[view]).for_each(|(sum, g)| *sum += g.tangent);
        }
    }
    check_finite(product, "the Hessian-gradient product")
}

/// Gradient of one half's loss with respect to every parameter.
fn gradient<T: Scalar>(
    graph: &Graph,
    network: &Network<T>,
    samples: Samples<'_>,
) -> Result<Vec<Vec<T>>, ReferenceError> {
    let images: Vec<T> = samples.images.iter().map(|&x| T::from_f64(f64::from(x))).collect();
    let temperature = T::from_f64(TEMPERATURE);
    let trace = forward(graph, network, &images, samples.labels.len(), Mode::Train)?;
    let logits: Vec<T> = trace.logits().iter().map(|&logit| logit / temperature).collect();
    let loss = cross_entropy(&logits, samples.labels, graph.classes())?;
    let slope: Vec<T> = loss.gradient.into_iter().map(|slope| slope / temperature).collect();
    Ok(backward(graph, network, &trace, &slope)?.params)
}

/// `run` of every half, in order; at once if there is more than one thread.
fn each<R: Send>(
    halves: &[Samples<'_>],
    threads: usize,
    run: impl Fn(&Samples<'_>) -> Result<R, ReferenceError> + Send + Sync,
) -> Result<Vec<R>, ReferenceError> {
    if threads < 2 {
        return halves.iter().map(run).collect();
    }
    halves.par_iter().map(run).collect()
}
