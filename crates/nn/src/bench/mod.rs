//! Measuring the engine: what the machine can do at most.

mod limits;

pub use limits::{Limits, READ_BYTES};
