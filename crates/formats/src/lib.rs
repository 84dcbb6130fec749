//! Files of a trained network: the checkpoint, its export for other programs, and writing any file so that a crash leaves
//! the old or the new one.
#![forbid(unsafe_code)]

mod atomic;
pub mod checkpoint;
mod error;
pub mod export;

pub use atomic::{atomic_write, remove_temporaries};
pub use checkpoint::{Checkpoint, DataInfo, Extra, Extras, Inspection, Meta, ParameterInfo, Seeds};
pub use error::FormatError;
