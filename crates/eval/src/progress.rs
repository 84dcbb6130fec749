//! How an evaluation is watched.

/// Is told what is being done; it cannot change the result.
pub trait Progress {
    /// `samples` samples of `what` come now.
    fn begin(&mut self, _what: &str, _samples: usize) {}

    /// `samples` more of them are done.
    fn advance(&mut self, _samples: usize) {}
}

/// Watches nothing.
impl Progress for () {}
