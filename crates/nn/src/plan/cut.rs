//! How steps are cut into chunks of samples, which threads share: by sizes alone, never by threads or time.

/// Chunks a full step is cut into: enough for any usual number of threads to share evenly.
const CHUNKS: usize = 16;

/// Chunks of a pass that is only part of a step, at least: small chunks cost more than they gain.
const LEAST_CHUNKS: usize = 4;

/// Bytes of accumulators that the chunks of a layer's backward pass clear and sum, at most: each of them all of
/// the layer's.
pub(crate) const MAX_ACCUMULATOR_BYTES: usize = 32 << 20;

/// What decides the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Samples of a pass, at most.
    pub(crate) max_batch: usize,
    /// Samples of a whole step: more than `max_batch` where a step has several passes.
    pub(crate) step: usize,
    /// Samples of a group.
    pub(crate) lanes: usize,
}

impl Cut {
    /// Samples per chunk: whole groups.
    pub(crate) fn chunk(self) -> usize {
        let share = self.step.div_ceil(CHUNKS).min(self.max_batch.div_ceil(LEAST_CHUNKS));
        share.next_multiple_of(self.lanes)
    }

    /// Samples per chunk of the backward pass of a layer with `weights` packed values: fewer chunks where their
    /// partial weight gradients are large.
    pub(crate) fn weight_chunk(self, weights: usize) -> usize {
        let mut chunk = self.chunk();
        let bytes = weights * self.lanes * size_of::<f32>();
        while chunk * 2 < self.max_batch && self.max_batch.div_ceil(chunk) * bytes > MAX_ACCUMULATOR_BYTES {
            chunk *= 2;
        }
        chunk
    }
}
