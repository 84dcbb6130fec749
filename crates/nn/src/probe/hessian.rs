//! The Hessian of the loss times its gradient (GraSP: Wang et al. 2020).

use super::{Dense, Samples, check_dense, check_finite, check_room, prunable};
use crate::SessionError;
use crate::graph::Graph;
use crate::params::ParamStore;
use crate::reference::{Dual, Mode, Network, ReferenceError, Scalar, backward, cross_entropy, forward};
use rarefy_core::memory::check_threads;

/// What logits are divided by before the softmax, as the published code has it.
pub const TEMPERATURE: f64 = 200.0;

/// `Hg`: the Hessian of the loss times its gradient, over the prunable weights.
///
/// L_h is the mean cross-entropy of the logits over [`TEMPERATURE`] of half h, batch norms in training mode. `g` is the sum of
/// the gradients of all L_h, a constant, and `Hg` the sum of their Hessians times `g`: exact, by dual numbers through the
/// reference executor's backward pass (Pearlmutter 1994). A central difference does not do: the ReLUs that change sides between
/// its two points bring in jumps of the gradient larger than the product itself, at every distance that f32 can tell.
///
/// A half of more than `max_batch` samples takes several passes of nearly one size, each with batch statistics of its own. Memory is
/// bounded by one such pass: every activation of the network once, in 16 bytes.
///
/// # Errors
/// A store that is not dense, samples that do not fit the network, numbers that are not finite, no threads.
pub fn hessian_gradient(
    graph: &Graph,
    dense: &ParamStore,
    halves: &[Samples<'_>],
    max_batch: usize,
    threads: usize,
) -> Result<Dense, SessionError> {
    check_dense(dense)?;
    let largest = halves.iter().map(|half| half.labels.len()).max().unwrap_or(0).min(max_batch.max(1));
    // Numbers and their tangents: of the network, its gradient and their sums; of activations, their gradients
    // and a copy at hand.
    check_room(graph, largest, 5 * 16, 3 * 16)?;
    check_threads(threads)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build()
        .map_err(|error| SessionError::Threads { threads, reason: error.to_string() })?;
    let product = pool.install(|| product(graph, dense, halves, max_batch));
    let product = product.map_err(|error| SessionError::Batch(error.to_string()))?;
    check_finite(product, "the Hessian-gradient product")
}

fn product(
    graph: &Graph,
    dense: &ParamStore,
    halves: &[Samples<'_>],
    max_batch: usize,
) -> Result<Dense, ReferenceError> {
    let network = Network::<f64>::from_store(dense);
    let views: Vec<usize> = prunable(dense).collect();
    let constants = |values: &[f64]| values.iter().copied().map(Dual::constant).collect::<Vec<_>>();
    let mut moving = Network {
        params: network.params.iter().map(|values| constants(values)).collect(),
        running_mean: network.running_mean.iter().map(|values| constants(values)).collect(),
        running_var: network.running_var.iter().map(|values| constants(values)).collect(),
    };
    let passes = || halves.iter().flat_map(|half| passes(graph, half, max_batch));
    for (samples, share) in passes() {
        let gradient = gradient(graph, &network, samples, share)?;
        for &view in &views {
            moving.params[view].iter_mut().zip(&gradient[view]).for_each(|(w, g)| w.tangent += g);
        }
    }
    let mut product: Dense = views.iter().map(|&view| vec![0.0; moving.params[view].len()]).collect();
    for (samples, share) in passes() {
        let gradient = gradient(graph, &moving, samples, share)?;
        for (sum, &view) in product.iter_mut().zip(&views) {
            sum.iter_mut().zip(&gradient[view]).for_each(|(sum, g)| *sum += g.tangent);
        }
    }
    Ok(product)
}

/// The passes of a half, and the share of its samples that each has. Images that are missing or too many are left to the last.
fn passes<'a>(
    graph: &Graph,
    half: &Samples<'a>,
    max_batch: usize,
) -> impl Iterator<Item = (Samples<'a>, f64)> + use<'a> {
    let (pixels, Samples { images, labels }) = (graph.input().len(), *half);
    let count = labels.len().div_ceil(max_batch.max(1)).max(1);
    (0..count).map(move |pass| {
        let bound = |pass: usize| labels.len() * pass / count;
        let (start, end) = (bound(pass), bound(pass + 1));
        let last = if pass + 1 == count { images.len() } else { end * pixels };
        let images = images.get(start * pixels..last).unwrap_or(&[]);
        let share = (end - start) as f64 / labels.len().max(1) as f64;
        (Samples { images, labels: &labels[start..end] }, share)
    })
}

/// Gradient of `share` of the mean loss of one pass with respect to every parameter.
fn gradient<T: Scalar>(
    graph: &Graph,
    network: &Network<T>,
    samples: Samples<'_>,
    share: f64,
) -> Result<Vec<Vec<T>>, ReferenceError> {
    let images: Vec<T> = samples.images.iter().map(|&x| T::from_f64(f64::from(x))).collect();
    let temperature = T::from_f64(TEMPERATURE);
    let trace = forward(graph, network, &images, samples.labels.len(), Mode::Train)?;
    let logits: Vec<T> = trace.logits().iter().map(|&logit| logit / temperature).collect();
    let loss = cross_entropy(&logits, samples.labels, graph.classes())?;
    let scale = T::from_f64(share) / temperature;
    let slope: Vec<T> = loss.gradient.into_iter().map(|slope| slope * scale).collect();
    Ok(backward(graph, network, &trace, &slope)?.params)
}
