//! What a training method keeps beside the network.

use std::collections::BTreeMap;

/// Numbers of one extra tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Extra {
    /// Real numbers.
    F32(Vec<f32>),
    /// Integers or bits.
    U32(Vec<u32>),
}

/// Extra tensors by name. Whoever asked for them knows their lengths: a reader must check them.
pub type Extras = BTreeMap<String, Extra>;

/// What the names of extra tensors begin with in a file.
pub(super) const PREFIX: &str = "extra.";
