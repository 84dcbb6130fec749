//! Dense parameter tensors of a network.

use super::error::check_len;
use super::{ReferenceError, Scalar, Trace};
use crate::graph::{Graph, Role};
use crate::params::{Column, ParamStore};
use rarefy_core::Pattern;

/// Every parameter of a graph as a dense row-major tensor, and its batch norms' running statistics.
///
/// Masks are the caller's: masked weights are zeros here ([`Network::from_store`]), and gradients are dense until
/// [`mask`] clears them.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T> {
    /// One tensor per parameter, in graph order.
    pub params: Vec<Vec<T>>,
    /// Running mean of each batch norm, in graph order.
    pub running_mean: Vec<Vec<T>>,
    /// Running (unbiased) variance of each batch norm, in graph order.
    pub running_var: Vec<Vec<T>>,
}

impl<T: Scalar> Network<T> {
    /// All parameters zero; running means 0, variances 1.
    pub fn zeros(graph: &Graph) -> Self {
        let norms = |value| graph.batch_norms().map(|(_, node)| vec![value; node.extent.channels]).collect();
        Self {
            params: graph.parameters().iter().map(|parameter| vec![T::ZERO; parameter.len()]).collect(),
            running_mean: norms(T::ZERO),
            running_var: norms(T::ONE),
        }
    }

    /// The values and running statistics of a store, weights scattered to their dense places.
    pub fn from_store(store: &ParamStore) -> Self {
        let widen = |values: &[f32]| values.iter().map(|&value| T::from_f64(f64::from(value))).collect();
        let norms = |running: &[f32]| {
            store.norms().iter().map(|(_, range)| widen(&running[range.clone()])).collect::<Vec<_>>()
        };
        Self {
            params: (0..store.views().len())
                .map(|view| widen(&store.to_dense(view, Column::Value)))
                .collect(),
            running_mean: norms(store.running_mean()),
            running_var: norms(store.running_var()),
        }
    }

    /// Moves the running statistics towards those of a training pass (momentum 0.1, unbiased variance). A trace of an
    /// evaluation pass changes nothing.
    pub fn update_running(&mut self, trace: &Trace<T>) {
        if trace.mode() == super::Mode::Train {
            let running = self.running_mean.iter_mut().zip(&mut self.running_var);
            for (statistics, (mean, variance)) in trace.statistics().iter().zip(running) {
                statistics.update_running(mean, variance);
            }
        }
    }

    /// Whether every tensor has the size the graph asks for.
    pub(super) fn check(&self, graph: &Graph) -> Result<(), ReferenceError> {
        check_len("parameter tensors", graph.parameters().len(), self.params.len())?;
        for (parameter, tensor) in graph.parameters().iter().zip(&self.params) {
            check_len(&parameter.name, parameter.len(), tensor.len())?;
        }
        for (kind, running) in [("running_mean", &self.running_mean), ("running_var", &self.running_var)] {
            check_len(kind, graph.batch_norms().count(), running.len())?;
            for ((_, node), values) in graph.batch_norms().zip(running) {
                check_len(format!("{}.{kind}", node.name), node.extent.channels, values.len())?;
            }
        }
        Ok(())
    }
}

/// Sets every number at a place without weight to zero, in one dense tensor per parameter (values or gradients).
///
/// `patterns` has one entry per prunable weight, in graph order, as [`ParamStore::patterns`].
pub fn mask<T: Scalar>(graph: &Graph, patterns: &[Pattern], tensors: &mut [Vec<T>]) {
    let prunable =
        graph.parameters().iter().zip(tensors).filter(|(parameter, _)| parameter.role == Role::Weight);
    for ((_, tensor), pattern) in prunable.zip(patterns) {
        let mut exists = vec![false; tensor.len()];
        for index in pattern.iter_dense_indices() {
            exists[index] = true;
        }
        for (value, exists) in tensor.iter_mut().zip(exists) {
            if !exists {
                *value = T::ZERO;
            }
        }
    }
}
