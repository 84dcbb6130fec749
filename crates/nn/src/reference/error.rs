//! What the reference executor refuses.

/// Data that do not fit the graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A buffer has the wrong length.
    #[error("{what}: expected {expected} numbers, found {found}")]
    Length {
        /// Which buffer, e.g. `images` or `fc.weight`.
        what: String,
        /// Length the graph asks for.
        expected: usize,
        /// Length given.
        found: usize,
    },
    /// A batch without samples.
    #[error("a batch needs at least one sample")]
    EmptyBatch,
    /// A label is no class of the network.
    #[error("label {label} of sample {sample} must be below the number of classes, {classes}")]
    Label {
        /// Sample in the batch.
        sample: usize,
        /// Its label.
        label: u32,
        /// Classes of the network.
        classes: usize,
    },
    /// Batch statistics of one number have no variance.
    #[error("batch norm `{node}` needs more than one number per channel to train; give a larger batch")]
    SingleNumber {
        /// Name of the normalization.
        node: String,
    },
    /// A trace is of another graph than the one given.
    #[error("the trace does not belong to graph `{graph}`; pass the one that `forward` returned for it")]
    ForeignTrace {
        /// Name of the graph given.
        graph: String,
    },
}

/// Whether a buffer has the length the graph asks for.
pub(super) fn check_len(
    what: impl Into<String>,
    expected: usize,
    found: usize,
) -> Result<(), ReferenceError> {
    match expected == found {
        true => Ok(()),
        false => Err(ReferenceError::Length { what: what.into(), expected, found }),
    }
}
