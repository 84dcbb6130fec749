//! Training or evaluation.

/// Which statistics batch norms use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Those of the batch; gradients flow through them.
    Train,
    /// The running ones.
    Eval,
}
