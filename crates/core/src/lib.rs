//! Vocabulary of sparse training: how dense a layer is ([`Density`]), which of its weights exist ([`Pattern`]),
//! how the set changes ([`PatternEdit`]), and where every random number comes from ([`random::Stream`]). Also
//! how names people type are compared ([`same_name`], [`suggest`]), and how memory is asked for ([`memory`]).
//!
//! Nothing here knows an image size, a memory layout or a model.
#![forbid(unsafe_code)]

mod density;
mod leftovers;
pub mod memory;
mod names;
mod pattern;
pub mod random;
mod shape;

pub use density::{Density, DensityError};
pub use leftovers::{Temporary, remove_leftovers, try_remove_leftovers};
pub use names::{same_name, suggest};
pub use pattern::{EditError, GROWN, Pattern, PatternEdit, PatternError, Tap, move_column};
pub use shape::{Block, Extent, WeightShape};
