//! Optimizers and learning-rate schedules.

pub mod reference;
mod schedule;

pub use schedule::{DECAYS, Decay, LrSchedule, UnknownDecay, half_and_three_quarters};

/// Which update rule, with its constants (METHODS 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Stochastic gradient descent as PyTorch writes it.
    Sgd {
        /// Momentum factor.
        momentum: f32,
        /// Nesterov's look-ahead.
        nesterov: bool,
        /// L2 penalty on every parameter.
        weight_decay: f32,
    },
    /// Adam (Kingma & Ba 2015) with L2 penalty, as PyTorch's `Adam`.
    Adam {
        /// Decay of the first moment.
        beta1: f32,
        /// Decay of the second moment.
        beta2: f32,
        /// Added to the root of the second moment.
        eps: f32,
        /// L2 penalty on every parameter.
        weight_decay: f32,
    },
}
