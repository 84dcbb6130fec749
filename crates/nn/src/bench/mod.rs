//! Measuring the engine: one layer alone, and what the machine can do at most.

mod layer;
mod limits;

pub use layer::{LayerBench, LayerShape, LayerTimes};
pub use limits::{Limits, READ_BYTES};
