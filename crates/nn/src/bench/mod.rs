//! Measuring the engine: one layer alone, one kernel alone, and what the machine can do at most.

mod kernels;
mod layer;
mod limits;

pub use kernels::{InstanceRate, Picks, measure_instance};
pub use layer::{LayerBench, LayerShape, LayerTimes};
pub use limits::{Limits, READ_BYTES};
