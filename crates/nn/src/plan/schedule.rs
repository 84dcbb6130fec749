//! The backward pass as a list of operations over gradient buffers that are reused as soon as they are dead.
//!
//! The gradient of a value is that of its sum before the ReLU: it serves every term. It is *finished* (parts added, ReLU
//! gate applied, batch-norm sums taken) by the last operation that contributes to it, in that operation's own pass.

use super::program::{Forward, Program, TensorId, ValueId};

/// A gradient buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GradId(pub(crate) usize);

/// Where an operation's input gradient goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nobody wants it.
    Nowhere,
    /// One of several parts.
    Part { out: GradId },
    /// The last part: finishes the value's gradient.
    Finish { out: GradId, accumulate: bool, extra: Vec<GradId> },
}

/// One operation of the backward pass.
#[derive(Clone, Debug)]
pub(crate) enum Backward {
    /// Weight gradient and input gradient of forward operation `op`, a convolution.
    Convolve { op: usize, gradient: GradId, target: Target },
    /// Spreads the gradient of forward operation `op`, a pool.
    Pool { op: usize, gradient: GradId, target: Target },
    /// Finishes a value's gradient apart from any other operation.
    Finish { value: ValueId, target: Target },
    /// Takes a finished gradient back through the batch norm of a term over a stored value.
    Norm { value: ValueId, term: usize, gradient: GradId, out: GradId },
}

impl Backward {
    pub(crate) fn reads(&self) -> Vec<GradId> {
        let extras = |target: &Target| match target {
            Target::Finish { extra, .. } => extra.clone(),
            _ => Vec::new(),
        };
        match self {
            Backward::Convolve { gradient, target, .. } | Backward::Pool { gradient, target, .. } => {
                let mut reads = extras(target);
                reads.push(*gradient);
                reads
            }
            Backward::Finish { target, .. } => extras(target),
            Backward::Norm { gradient, .. } => vec![*gradient],
        }
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Backward::Convolve { target, .. }
            | Backward::Pool { target, .. }
            | Backward::Finish { target, .. } => Some(target),
            Backward::Norm { .. } => None,
        }
    }

    pub(crate) fn out(&self) -> Option<GradId> {
        match self {
            Backward::Convolve { target, .. }
            | Backward::Pool { target, .. }
            | Backward::Finish { target, .. } => match target {
                Target::Nowhere => None,
                Target::Part { out } | Target::Finish { out, .. } => Some(*out),
            },
            Backward::Norm { out, .. } => Some(*out),
        }
    }

    /// Renames every buffer it touches.
    fn rename(&mut self, name: impl Fn(GradId) -> GradId) {
        if let Backward::Convolve { gradient, .. }
        | Backward::Pool { gradient, .. }
        | Backward::Norm { gradient, .. } = self
        {
            *gradient = name(*gradient);
        }
        if let Backward::Norm { out, .. } = self {
            *out = name(*out);
        }
        match self.target_mut() {
            Some(Target::Part { out }) => *out = name(*out),
            Some(Target::Finish { out, extra, .. }) => {
                *out = name(*out);
                extra.iter_mut().for_each(|extra| *extra = name(*extra));
            }
            _ => {}
        }
    }
}

/// The backward pass of a program.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) backward: Vec<Backward>,
    /// Length of each buffer: the largest gradient that lives in it.
    pub(crate) buffers: Vec<usize>,
    /// Where the loss puts the gradient of the logits.
    pub(crate) logits: GradId,
    /// Gradient with respect to the images, if asked for.
    pub(crate) images: Option<GradId>,
}

/// Schedules the backward pass; `image_gradient` asks for the gradient with respect to the input too.
pub(crate) fn schedule(program: &Program, max_batch: usize, image_gradient: bool) -> Schedule {
    let mut scheduling = Scheduling::new(program, max_batch, image_gradient);
    let logits = scheduling.buffer(program.logits);
    scheduling.parts[program.logits.0].push(logits);
    scheduling.remaining[program.logits.0] -= 1;
    for index in (0..program.forward.len()).rev() {
        scheduling.step(index);
    }
    let images = program.owner[TensorId(0).0];
    scheduling.finish_later(images);
    let images = if image_gradient { scheduling.finish_parts(images) } else { None };
    scheduling.finish(logits, images)
}

struct Scheduling<'a> {
    program: &'a Program,
    max_batch: usize,
    image_gradient: bool,
    remaining: Vec<usize>,
    parts: Vec<Vec<GradId>>,
    done: Vec<Option<GradId>>,
    lengths: Vec<usize>,
    backward: Vec<Backward>,
}

impl<'a> Scheduling<'a> {
    fn new(program: &'a Program, max_batch: usize, image_gradient: bool) -> Self {
        let count = program.values.len();
        let mut live = vec![false; count];
        let mut remaining = vec![0; count];
        live[program.logits.0] = true;
        remaining[program.logits.0] = 1;
        for op in &program.forward {
            if let Forward::Convolve(_) | Forward::Pool { .. } = op
                && let Some((source, _)) = op.source()
            {
                live[source.0] = true;
                remaining[source.0] += 1;
            }
        }
        // Values only refer to earlier ones.
        for index in (0..count).rev() {
            if live[index] {
                program.values[index]
                    .terms
                    .iter()
                    .filter_map(|term| term.of)
                    .for_each(|of| live[of.0] = true);
            }
        }
        for index in (0..count).filter(|&index| live[index]) {
            for of in program.values[index].terms.iter().filter_map(|term| term.of) {
                remaining[of.0] += 1;
            }
        }
        Self {
            program,
            max_batch,
            image_gradient,
            remaining,
            parts: vec![Vec::new(); count],
            done: vec![None; count],
            lengths: Vec::new(),
            backward: Vec::new(),
        }
    }

    fn buffer(&mut self, value: ValueId) -> GradId {
        self.lengths.push(self.program.layout(value).len(self.max_batch));
        GradId(self.lengths.len() - 1)
    }

    fn step(&mut self, op: usize) {
        let program = self.program;
        let (Some((source, _)), Some(output)) = (program.forward[op].source(), program.forward[op].output())
        else {
            return;
        };
        let Some(gradient) = self.finished(program.owner[output.0]) else {
            return;
        };
        let target = self.target(source);
        self.backward.push(match &program.forward[op] {
            Forward::Pool { .. } => Backward::Pool { op, gradient, target: target.clone() },
            _ => Backward::Convolve { op, gradient, target: target.clone() },
        });
        if let Target::Finish { out, .. } = target {
            self.pass_on(source, out);
        }
    }

    /// Where an operation puts its gradient of `source`: a part, or the finished gradient if it is the last to contribute.
    fn target(&mut self, source: ValueId) -> Target {
        self.remaining[source.0] -= 1;
        if source == self.program.owner[0] && !self.image_gradient {
            return Target::Nowhere;
        }
        let out = self.buffer(source);
        // The kernel adds at most two parts besides the operation's own and the buffer's.
        if self.remaining[source.0] == 0 && self.parts[source.0].len() <= 2 {
            let extra = std::mem::take(&mut self.parts[source.0]);
            self.done[source.0] = Some(out);
            Target::Finish { out, accumulate: false, extra }
        } else {
            self.parts[source.0].push(out);
            Target::Part { out }
        }
    }

    /// The finished gradient of a value whose readers are all through, `None` if nothing depends on it.
    fn finished(&mut self, id: ValueId) -> Option<GradId> {
        self.finish_later(id);
        self.finish_parts(id)
    }

    /// Finishes the values after `id` that still wait: those of stored terms alone are no operation's output that would
    /// ask for them, but may pass on to `id`.
    fn finish_later(&mut self, id: ValueId) {
        for later in (id.0 + 1..self.parts.len()).rev() {
            self.finish_parts(ValueId(later));
        }
    }

    fn finish_parts(&mut self, id: ValueId) -> Option<GradId> {
        if self.done[id.0].is_some() {
            return self.done[id.0];
        }
        let value = &self.program.values[id.0];
        let plain = !value.relu && value.terms.iter().all(|term| term.norm.is_none());
        let mut parts = std::mem::take(&mut self.parts[id.0]);
        if plain && parts.len() <= 1 {
            self.done[id.0] = parts.pop();
        } else if !parts.is_empty() {
            // More than two parts are summed pairwise first.
            while parts.len() > 2 {
                let extra = parts.split_off(parts.len() - 2);
                let out = self.buffer(id);
                self.backward.push(Backward::Finish {
                    value: id,
                    target: Target::Finish { out, accumulate: false, extra },
                });
                parts.push(out);
            }
            let out = self.buffer(id);
            let target = Target::Finish { out, accumulate: false, extra: parts };
            self.backward.push(Backward::Finish { value: id, target });
            self.done[id.0] = Some(out);
        }
        if let Some(gradient) = self.done[id.0] {
            self.pass_on(id, gradient);
        }
        self.done[id.0]
    }

    /// Hands a finished gradient to the stored values among the terms.
    fn pass_on(&mut self, id: ValueId, gradient: GradId) {
        for (index, term) in self.program.values[id.0].terms.iter().enumerate() {
            if let Some(of) = term.of {
                self.remaining[of.0] -= 1;
                let part = match term.norm {
                    None => gradient,
                    Some(_) => {
                        let out = self.buffer(of);
                        self.backward.push(Backward::Norm { value: id, term: index, gradient, out });
                        out
                    }
                };
                self.parts[of.0].push(part);
            }
        }
    }

    fn finish(mut self, logits: GradId, mut images: Option<GradId>) -> Schedule {
        self.finish_in_place(&mut images);
        self.share_buffers(logits, images)
    }

    /// A finishing operation takes over the buffer of a part that nobody reads afterwards.
    fn finish_in_place(&mut self, images: &mut Option<GradId>) {
        for index in 0..self.backward.len() {
            let dead_after = |id: GradId, ops: &[Backward]| {
                Some(id) != *images && !ops[index + 1..].iter().any(|op| op.reads().contains(&id))
            };
            let reads = self.backward[index].reads();
            let part = match self.backward[index].clone().target_mut() {
                Some(Target::Finish { out, extra, .. }) => extra
                    .iter()
                    .copied()
                    .find(|&part| {
                        dead_after(part, &self.backward)
                            && self.lengths[part.0] == self.lengths[out.0]
                            && reads.iter().filter(|&&read| read == part).count() == 1
                    })
                    .map(|part| (part, *out)),
                _ => None,
            };
            if let Some((part, old)) = part {
                if let Some(Target::Finish { accumulate, extra, .. }) = self.backward[index].target_mut() {
                    *accumulate = true;
                    extra.retain(|&extra| extra != part);
                }
                let name = |id: GradId| if id == old { part } else { id };
                self.backward[index..].iter_mut().for_each(|op| op.rename(name));
                *images = images.map(name);
            }
        }
    }

    /// Linear scan: buffers of disjoint lifetimes share memory.
    fn share_buffers(mut self, logits: GradId, images: Option<GradId>) -> Schedule {
        let mut last_use = vec![0; self.lengths.len()];
        for (index, op) in self.backward.iter().enumerate() {
            for id in op.reads().into_iter().chain(op.out()) {
                last_use[id.0] = index;
            }
        }
        if let Some(images) = images {
            last_use[images.0] = self.backward.len();
        }
        let mut place = vec![None; self.lengths.len()];
        let mut buffers: Vec<usize> = Vec::new();
        let mut free_from: Vec<usize> = Vec::new();
        let mut assign = |id: GradId, index: usize, place: &mut Vec<Option<GradId>>| {
            if place[id.0].is_some() {
                return;
            }
            let length = self.lengths[id.0];
            // The free buffer that fits best: large enough with least waste, else the largest, which then grows.
            let best = (0..buffers.len())
                .filter(|&buffer| free_from[buffer] <= index)
                .min_by_key(|&buffer| (length.saturating_sub(buffers[buffer]), buffers[buffer]));
            let buffer = best.unwrap_or_else(|| {
                buffers.push(0);
                free_from.push(0);
                buffers.len() - 1
            });
            buffers[buffer] = buffers[buffer].max(length);
            free_from[buffer] = last_use[id.0] + 1;
            place[id.0] = Some(GradId(buffer));
        };
        assign(logits, 0, &mut place);
        for (index, op) in self.backward.iter().enumerate() {
            if let Some(out) = op.out() {
                assign(out, index, &mut place);
            }
        }
        let placed = |id: GradId| place[id.0].unwrap_or(id);
        for op in &mut self.backward {
            op.rename(placed);
        }
        Schedule { backward: self.backward, buffers, logits: placed(logits), images: images.map(placed) }
    }
}
