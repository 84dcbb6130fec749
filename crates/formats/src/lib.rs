//! Files of a trained network: the checkpoint, its export for other programs, and writing any file so that a crash leaves
//! the old or the new one.
#![forbid(unsafe_code)]

pub mod checkpoint;
mod error;
pub mod export;
mod text;
mod write;

pub use checkpoint::{Checkpoint, DataInfo, Extra, Extras, Inspection, Meta, ParameterInfo, Seeds};
pub use error::FormatError;
pub use text::read_text;
pub use write::{atomic_write, is_temporary, remove_temporaries};
