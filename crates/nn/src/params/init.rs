//! Initial parameter values (METHODS 5).

use super::{Column, ParamStore};
use crate::graph::InitRule;
use rarefy_core::random::{Purpose, Stream};

/// Draws every parameter's initial value from `seed` by its [`InitRule`].
///
/// The number at a weight is a function of (seed, parameter index, *dense* position): every mask and the dense network
/// share the survivors' values.
pub fn initialize(store: &mut ParamStore, seed: u64) {
    for view in 0..store.views().len() {
        let rule = store.views()[view].parameter.init;
        let mut stream = Stream::new(seed, Purpose::Init, view as u64);
        store.fill_in_dense_order(view, Column::Value, || match rule {
            InitRule::Normal { std } => (std * stream.normal()) as f32,
            InitRule::Uniform { bound } => (bound * (2.0 * stream.uniform() - 1.0)) as f32,
            InitRule::Constant { value } => value as f32,
        });
    }
}
