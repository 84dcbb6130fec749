//! What the clocks of a [`Workspace`] measured, with the work each operation had to do.

use super::clock::Part;
use super::program::{Forward, TensorId, ValueId};
use super::schedule::{Backward, Target};
use super::{Plan, Workspace};
use crate::graph::{Graph, NodeId};

/// Phases of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Copies the images into planes.
    Images,
    /// Forward pass.
    Forward,
    /// Loss and its gradient.
    Loss,
    /// Backward pass.
    Backward,
    /// Looks for numbers that are not finite.
    Check,
    /// Running statistics and optimizer.
    Update,
    /// Packs the parameters for the kernels.
    Pack,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 7] =
        [Self::Images, Self::Forward, Self::Loss, Self::Backward, Self::Check, Self::Update, Self::Pack];

    /// For people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Forward => "forward",
            Self::Loss => "loss",
            Self::Backward => "backward",
            Self::Check => "check",
            Self::Update => "update",
            Self::Pack => "pack",
        }
    }
}

/// One operation: its time, and the work that no implementation on stored activations can do without.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Phase it is part of.
    pub phase: Phase,
    /// Graph node that it computes, e.g. `blocks.0.conv1`; empty outside the passes.
    pub name: String,
    /// Seconds of the caller, summed over the steps.
    pub seconds: f64,
    /// Seconds summed over threads and steps, of the parts that took any. Waiting and what lies between parts is not in it.
    pub parts: Vec<(Part, f64)>,
    /// Multiply-adds with existing weights of one full batch.
    pub multiply_adds: f64,
    /// Bytes of stored activations and gradients that one full batch reads and writes, each once.
    pub bytes: f64,
}

/// Where the time of the steps since [`crate::Session::start_profile`] went.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Steps (or evaluations) measured.
    pub steps: u64,
    /// Operations in the order in which a step runs them.
    pub spans: Vec<Span>,
}

impl Plan {
    /// Reads the clocks of `workspace`.
    pub(crate) fn profile(&self, workspace: &Workspace, graph: &Graph, steps: u64) -> Profile {
        let mut spans = vec![self.blank(Phase::Images, "")];
        spans[0].bytes = self.tensor_bytes(TensorId(0));
        spans.extend(self.program.forward.iter().map(|op| self.forward_work(graph, op)));
        spans.push(self.blank(Phase::Loss, ""));
        spans.extend(self.schedule.backward.iter().map(|op| self.backward_work(graph, op)));
        spans.extend([Phase::Check, Phase::Update, Phase::Pack].map(|phase| self.blank(phase, "")));
        let threads: Vec<_> = (0..workspace.scratch.len()).map(|thread| workspace.nanos_of(thread)).collect();
        for (index, span) in spans.iter_mut().enumerate() {
            let Some(caller) = workspace.clock.nanos().get(index) else { continue };
            span.seconds = caller.iter().sum::<u64>() as f64 / 1e9;
            for part in Part::ALL {
                let own = if part == Part::Rest { 0 } else { caller[part as usize] };
                let others = threads.iter().filter_map(|nanos| nanos.get(index));
                let nanos = own + others.map(|nanos| nanos[part as usize]).sum::<u64>();
                if nanos > 0 {
                    span.parts.push((part, nanos as f64 / 1e9));
                }
            }
        }
        Profile { steps, spans }
    }

    fn blank(&self, phase: Phase, name: &str) -> Span {
        Span { phase, name: name.to_owned(), seconds: 0.0, parts: Vec::new(), multiply_adds: 0.0, bytes: 0.0 }
    }

    fn forward_work(&self, graph: &Graph, op: &Forward) -> Span {
        let program = &self.program;
        let mut span = self.blank(Phase::Forward, &self.name(graph, op));
        match op {
            Forward::Convolve(convolve) => {
                span.multiply_adds = self.layer_macs(convolve.layer);
                span.bytes = self.source_bytes(convolve.source, convolve.keep);
                span.bytes += self.tensor_bytes(convolve.output);
            }
            Forward::Pool { source, keep, output, .. } => {
                span.bytes = self.source_bytes(*source, *keep) + self.tensor_bytes(*output);
            }
            Forward::Store { value } => span.bytes = self.source_bytes(*value, true),
            Forward::Measure { norm } => span.bytes = self.tensor_bytes(program.norms[norm.0].tensor),
        }
        span
    }

    fn backward_work(&self, graph: &Graph, op: &Backward) -> Span {
        let program = &self.program;
        let of_target = |value: ValueId, target: &Target| {
            let tensor = self.tensor_bytes(program.values[value.0].terms[0].tensor);
            match target {
                Target::Nowhere => 0.0,
                Target::Part { .. } => tensor,
                Target::Finish { accumulate, extra, .. } => {
                    tensor * (1 + usize::from(*accumulate) + extra.len()) as f64
                }
            }
        };
        match op {
            Backward::Convolve { op, target, .. } | Backward::Pool { op, target, .. } => {
                let op = &program.forward[*op];
                let mut span = self.blank(Phase::Backward, &self.name(graph, op));
                let (Some((source, _)), Some(output)) = (op.source(), op.output()) else { return span };
                span.bytes = self.source_bytes(source, false) + self.tensor_bytes(output);
                span.bytes += of_target(source, target);
                if let Forward::Convolve(convolve) = op {
                    let directions = 1.0 + f64::from(u8::from(*target != Target::Nowhere));
                    span.multiply_adds = directions * self.layer_macs(convolve.layer);
                    if convolve.norm.is_some() {
                        span.bytes += self.tensor_bytes(output);
                    }
                }
                span
            }
            Backward::Finish { value, target } => Span {
                bytes: self.source_bytes(*value, false) + of_target(*value, target),
                ..self.blank(Phase::Backward, &self.value_name(graph, *value))
            },
            Backward::Norm { value, term, .. } => {
                let tensor = program.values[value.0].terms[*term].tensor;
                let bytes = 3.0 * self.tensor_bytes(tensor);
                Span { bytes, ..self.blank(Phase::Backward, &self.value_name(graph, *value)) }
            }
        }
    }

    /// The node that an operation stands for.
    pub(super) fn name(&self, graph: &Graph, op: &Forward) -> String {
        match op {
            Forward::Convolve(convolve) => self.names[convolve.layer].trim_end_matches(".weight").to_owned(),
            Forward::Pool { output, .. } => self.value_name(graph, self.program.owner[output.0]),
            Forward::Store { value } => self.value_name(graph, *value),
            Forward::Measure { norm } => {
                let node = graph.batch_norms().nth(norm.0);
                node.map_or_else(String::new, |(_, node)| node.name.clone())
            }
        }
    }

    pub(super) fn value_name(&self, graph: &Graph, value: ValueId) -> String {
        let NodeId(node) = self.program.values[value.0].node;
        graph.nodes().get(node).map_or_else(String::new, |node| node.name.clone())
    }

    /// Multiply-adds of one direction of a layer.
    fn layer_macs(&self, layer: usize) -> f64 {
        let weights = self.layers[layer].forward.order.iter();
        let existing = weights.filter(|&&weight| weight != super::layer::NO_WEIGHT).count();
        let window = self.program.forward.iter().find_map(|op| match op {
            Forward::Convolve(convolve) if convolve.layer == layer => Some(convolve.geometry.window),
            _ => None,
        });
        (existing * window.map_or(0, |window| window.output.area()) * self.max_batch) as f64
    }

    /// Reading a value, and writing it if it is stored meanwhile.
    fn source_bytes(&self, id: ValueId, keep: bool) -> f64 {
        let value = &self.program.values[id.0];
        let one = self.tensor_bytes(value.terms[0].tensor);
        let reads = if value.stored.is_some() && !keep { 1 } else { value.terms.len() };
        one * (reads + usize::from(keep && value.stored.is_some())) as f64
    }

    fn tensor_bytes(&self, tensor: TensorId) -> f64 {
        (self.program.tensors[tensor.0].len(self.max_batch) * size_of::<f32>()) as f64
    }
}
