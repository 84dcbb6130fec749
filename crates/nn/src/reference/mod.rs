//! The naive executor: plain loops over a [`Graph`](crate::graph::Graph), generic over the number type.
//!
//! Written to be obviously right; it is the oracle of every gradient check of the fast executor, and runs in any
//! [`Scalar`] (f32, f64, dual numbers). Tensors are dense and row-major, activations `[batch, channels, height, width]`.
//!
//! One training step is [`forward`] in [`Mode::Train`], [`cross_entropy`], [`backward`], [`mask`] on the gradients, an
//! optimizer step ([`optim::reference`](crate::optim::reference)), and [`Network::update_running`].

mod backward;
pub(crate) mod conv;
mod dual;
pub(crate) mod elementwise;
mod error;
mod forward;
mod groups;
pub(crate) mod linear;
mod loss;
mod network;
mod norm;
pub(crate) mod pool;
mod scalar;

pub use crate::mode::Mode;
pub use backward::{Gradients, backward};
pub use dual::Dual;
pub use error::ReferenceError;
pub use forward::{Trace, forward};
pub use groups::{GroupedPass, pass_in_groups};
pub use loss::{Loss, cross_entropy};
pub use network::{Network, mask};
pub use norm::NormStatistics;
pub use scalar::{Bilinear, Scalar};
