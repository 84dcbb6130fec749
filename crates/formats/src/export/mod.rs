//! Networks for other programs: one file a format.

pub mod safetensors;
