//! Cuts an operation's outputs into chunks of samples and runs them, on one thread or many, with the same result.

use crate::attentive;
use crate::interrupt::Interrupt;
use std::ops::Range;

/// Outputs that can be cut between chunks.
pub(crate) trait Split: Sized + Send {
    /// The first `chunks` chunks and the rest.
    fn split(self, chunks: usize) -> (Self, Self);
}

/// A slice with a fixed share per chunk; an absent output has share 0.
#[derive(Debug)]
pub(crate) struct Chunks<'a, T> {
    pub(crate) data: &'a mut [T],
    pub(crate) per_chunk: usize,
}

impl<'a, T> Chunks<'a, T> {
    pub(crate) fn new(data: &'a mut [T], per_chunk: usize) -> Self {
        Self { data, per_chunk }
    }
}

impl<T: Send> Split for Chunks<'_, T> {
    fn split(self, chunks: usize) -> (Self, Self) {
        let at = (chunks * self.per_chunk).min(self.data.len());
        let (left, right) = self.data.split_at_mut(at);
        (Self::new(left, self.per_chunk), Self::new(right, self.per_chunk))
    }
}

impl<A: Split, B: Split> Split for (A, B) {
    fn split(self, chunks: usize) -> (Self, Self) {
        let ((a, x), (b, y)) = (self.0.split(chunks), self.1.split(chunks));
        ((a, b), (x, y))
    }
}

impl<A: Split, B: Split, C: Split> Split for (A, B, C) {
    fn split(self, chunks: usize) -> (Self, Self) {
        let (((a, b), c), ((x, y), z)) = ((self.0, self.1), self.2).split(chunks);
        ((a, b, c), (x, y, z))
    }
}

impl<A: Split, B: Split, C: Split, D: Split> Split for (A, B, C, D) {
    fn split(self, chunks: usize) -> (Self, Self) {
        let ((a, b, (c, d)), (x, y, (z, w))) = (self.0, self.1, (self.2, self.3)).split(chunks);
        ((a, b, c, d), (x, y, z, w))
    }
}

/// How chunks are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner<'a> {
    /// On the current rayon pool.
    pub(crate) parallel: bool,
    /// Once it is set, chunks are left out: what they should have computed is then worthless.
    pub(crate) interrupt: Option<&'a Interrupt>,
}

impl Runner<'_> {
    /// Whether work is left out from here on.
    pub(crate) fn is_interrupted(self) -> bool {
        self.interrupt.is_some_and(Interrupt::is_set)
    }
}

/// Calls `run(chunk, its outputs)` for every chunk of `range`, as `runner` says.
///
/// Chunks are independent and write to their own outputs: the result does not depend on threads. Nothing is allocated.
pub(crate) fn for_each_chunk<S: Split>(
    runner: Runner<'_>,
    range: Range<usize>,
    outputs: S,
    run: &(impl Fn(usize, S) + Sync),
) {
    match range.len() {
        0 => {}
        1 if runner.is_interrupted() => {}
        1 => run(range.start, outputs),
        len => {
            let middle = range.start + len / 2;
            let (left, right) = outputs.split(len / 2);
            if runner.parallel {
                attentive::join(
                    || for_each_chunk(runner, range.start..middle, left, run),
                    || for_each_chunk(runner, middle..range.end, right, run),
                );
            } else {
                for_each_chunk(runner, range.start..middle, left, run);
                for_each_chunk(runner, middle..range.end, right, run);
            }
        }
    }
}
