//! Networks: graphs, models, parameters, executors, optimizers.
#![forbid(unsafe_code)]

// Unit tests share the integration tests' random networks, which know the crate by this name.
#[cfg(test)]
extern crate self as rarefy_nn;

mod attentive;
pub mod bench;
pub mod graph;
mod groups;
mod interrupt;
mod mode;
pub mod models;
pub mod optim;
pub mod params;
pub mod plan;
pub mod probe;
pub mod reference;
mod session;

pub use groups::groups;
pub use interrupt::Interrupt;
pub use mode::Mode;
pub use session::{LogitSlopes, Session, SessionError, SessionOptions, StepOutcome};
