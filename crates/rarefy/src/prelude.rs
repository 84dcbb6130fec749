//! What a training program needs, in one import.

pub use rarefy_core::random::{Purpose, Stream};
pub use rarefy_core::{Block, Density, Extent, Pattern};
pub use rarefy_data::{DataError, Dataset, Draw, Normalization, Split};
pub use rarefy_formats::Checkpoint;
pub use rarefy_nn::graph::{Graph, GraphBuilder, InitRule};
pub use rarefy_nn::models;
pub use rarefy_nn::{Session, SessionOptions};
pub use rarefy_train::{
    DataProbe, InMemory, Keeper, Observer, Outcome, Recipe, RunDir, Setup, Summary, TrainError, Trained,
    Trainer, draw_patterns, draw_patterns_with,
};
pub use std::sync::Arc;
