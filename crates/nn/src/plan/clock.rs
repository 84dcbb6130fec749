//! Stopwatches of a pass: one of the caller, one a thread. While off, each costs the test of an `Option`.

use super::Plan;
use std::time::Instant;

/// What a thread does within an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Evaluates the source into the input tile.
    Evaluate,
    /// Products of the forward pass.
    Multiply,
    /// Moments of the output that are not taken in the products' epilogue.
    Moments,
    /// Makes the gradient's tile, batch norm's backward formula included.
    GradientTile,
    /// Products of the weight gradient.
    WeightGradient,
    /// Products of the input gradient.
    InputGradient,
    /// Puts the input gradient in its place and finishes it: parts, ReLU gate, sums for batch norm.
    Finish,
    /// Sums the chunks' weight gradients.
    Reduce,
    /// Everything else.
    Rest,
}

impl Part {
    /// Every part, in the order of a step.
    pub const ALL: [Self; 9] = [
        Self::Evaluate,
        Self::Multiply,
        Self::Moments,
        Self::GradientTile,
        Self::WeightGradient,
        Self::InputGradient,
        Self::Finish,
        Self::Reduce,
        Self::Rest,
    ];

    /// For people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Multiply => "multiply",
            Self::Moments => "moments",
            Self::GradientTile => "gradient_tile",
            Self::WeightGradient => "weight_gradient",
            Self::InputGradient => "input_gradient",
            Self::Finish => "finish",
            Self::Reduce => "reduce",
            Self::Rest => "rest",
        }
    }
}

/// Nanoseconds of one thread, `[span][part]`.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    nanos: Vec<[u64; Part::ALL.len()]>,
    span: usize,
    /// Start of the lap; `None` while off or between steps.
    since: Option<Instant>,
}

impl Clock {
    /// Switches on, at zero, for so many spans; 0 switches off.
    pub(crate) fn reset(&mut self, spans: usize) {
        *self = Self { nanos: vec![Default::default(); spans], span: 0, since: None };
    }

    /// Starts a lap in `span`; what came before is not counted.
    pub(crate) fn enter(&mut self, span: usize) {
        if !self.nanos.is_empty() {
            self.span = span;
            self.since = Some(Instant::now());
        }
    }

    /// Ends the lap of `part` and starts the next.
    #[inline]
    pub(crate) fn lap(&mut self, part: Part) {
        if let Some(since) = &mut self.since {
            let now = Instant::now();
            self.nanos[self.span][part as usize] += (now - *since).as_nanos() as u64;
            *since = now;
        }
    }

    /// Counts the rest of the current span and goes on in `span`.
    pub(crate) fn next(&mut self, span: usize) {
        self.lap(Part::Rest);
        self.enter(span);
    }

    /// Counts the rest of the current span and rests.
    pub(crate) fn pause(&mut self) {
        self.lap(Part::Rest);
        self.since = None;
    }

    /// The span of the lap under way.
    pub(crate) fn span(&self) -> usize {
        self.span
    }

    /// Nanoseconds `[span][part]`.
    pub(crate) fn nanos(&self) -> &[[u64; Part::ALL.len()]] {
        &self.nanos
    }
}

/// Spans of a step: images, forward operations, loss, backward operations, check, update, packing.
impl Plan {
    pub(crate) const IMAGES: usize = 0;

    pub(crate) fn forward_span(&self, op: usize) -> usize {
        1 + op
    }

    pub(crate) fn loss_span(&self) -> usize {
        1 + self.program.forward.len()
    }

    pub(crate) fn backward_span(&self, op: usize) -> usize {
        self.loss_span() + 1 + op
    }

    pub(crate) fn check_span(&self) -> usize {
        self.backward_span(self.schedule.backward.len())
    }

    pub(crate) fn update_span(&self) -> usize {
        self.check_span() + 1
    }

    pub(crate) fn pack_span(&self) -> usize {
        self.check_span() + 2
    }

    pub(crate) fn spans(&self) -> usize {
        self.check_span() + 3
    }
}
