//! Probes of an untrained network: the derivatives that saliency scores of single weights are made of (METHODS 2).
//!
//! Every probe looks at the *dense* network and gives one number per weight of each prunable layer.

mod abs_linear;
mod gradient;
mod hessian;

pub use abs_linear::AbsLinear;
pub use gradient::gradient;
pub use hessian::{TEMPERATURE, hessian_gradient};

use crate::SessionError;
use crate::graph::Graph;
use crate::params::{Column, ParamStore};
use rarefy_core::memory::{self, OutOfMemory};

/// Samples of one pass: they share their batch statistics.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// NCHW, normalized.
    pub images: &'a [f32],
    /// One per image.
    pub labels: &'a [u32],
}

/// One list per prunable layer, in graph order; one number per weight of the dense layer, row-major.
pub type Dense = Vec<Vec<f64>>;

/// The weights of every prunable layer.
///
/// # Errors
/// Memory that cannot be had.
pub fn weights(store: &ParamStore) -> Result<Dense, OutOfMemory> {
    let wide = |view| {
        let weights = store.try_to_dense(view, Column::Value)?;
        memory::collected(weights.len(), weights.iter().map(|&w| f64::from(w)), "a number a weight")
    };
    prunable(store).map(wide).collect()
}

/// Whether there is room for `weight_bytes` for each parameter and `activation_bytes` for each activation of a
/// batch: what the plain loops of a probe take at most.
fn check_room(
    graph: &Graph,
    batch: usize,
    weight_bytes: u64,
    activation_bytes: u64,
) -> Result<(), OutOfMemory> {
    let weights: u64 = graph.parameters().iter().map(|parameter| parameter.len() as u64).sum();
    let activations: u64 = graph.nodes().iter().map(|node| node.extent.len() as u64).sum();
    let activations = activations.saturating_mul(batch as u64).saturating_mul(activation_bytes);
    let bytes = weights.saturating_mul(weight_bytes).saturating_add(activations);
    memory::check_large(bytes, "measuring the dense network")
}

/// Views of the prunable weights.
fn prunable(store: &ParamStore) -> impl Iterator<Item = usize> + '_ {
    (0..store.views().len()).filter(|&view| store.views()[view].pattern.is_some())
}

/// Refuses a network that is not dense.
fn check_dense(store: &ParamStore) -> Result<(), SessionError> {
    match store.patterns().iter().all(rarefy_core::Pattern::is_full) {
        true => Ok(()),
        false => {
            let problem = "a probe looks at a dense network: every pattern must be full, found one with gaps";
            Err(SessionError::Batch(problem.into()))
        }
    }
}

/// Refuses numbers that are not finite.
fn check_finite(numbers: Dense, what: &str) -> Result<Dense, SessionError> {
    match numbers.iter().flatten().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => Err(SessionError::NonFinite { place: what.into() }),
    }
}
