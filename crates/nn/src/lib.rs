//! Networks: graphs, models, parameters, executors, optimizers.
#![forbid(unsafe_code)]

pub mod graph;
mod mode;
pub mod models;
pub mod optim;
pub mod params;
pub mod plan;
pub mod reference;
mod session;

pub use mode::Mode;
pub use session::{Session, SessionError, SessionOptions, StepOutcome};
