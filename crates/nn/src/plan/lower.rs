//! Lowers a graph to a [`Program`].

use super::geometry::{Geometry, Window};
use super::layout::{Layout, Masks};
use super::program::{Convolve, Forward, Norm, NormId, PoolKind, Program, TensorId, Term, Value, ValueId};
use crate::graph::{Extent, Graph, NodeId, Op, Role};
use rarefy_kernels::Write;

/// Lowers `graph` for vectors of `lanes`.
pub(crate) fn lower(graph: &Graph, lanes: usize) -> Program {
    let mut lowering = Lowering::new(graph, lanes);
    for index in 0..graph.nodes().len() {
        let value = lowering.node(NodeId(index));
        lowering.value_of.push(value);
    }
    lowering.finish()
}

struct Lowering<'a> {
    graph: &'a Graph,
    lanes: usize,
    uses: Vec<usize>,
    value_of: Vec<ValueId>,
    tensors: Vec<Layout>,
    values: Vec<Value>,
    /// Per value: its stored tensor holds it from here on.
    written: Vec<bool>,
    norms: Vec<Norm>,
    forward: Vec<Forward>,
    next_layer: usize,
    next_channel: usize,
}

/// Window of a convolution or linear node.
fn window(graph: &Graph, id: NodeId) -> Option<Window> {
    let node = graph.node(id);
    let input = node.inputs.first().map(|&input| graph.node(input).extent)?;
    let (weight, stride, padding) = match node.op {
        Op::Conv { weight, stride, padding } => (weight, stride, padding),
        Op::Linear { weight } => (weight, 1, 0),
        _ => return None,
    };
    Some(Window { weight, stride, padding, input, output: node.extent })
}

impl<'a> Lowering<'a> {
    fn new(graph: &'a Graph, lanes: usize) -> Self {
        let mut uses = vec![0; graph.nodes().len()];
        for input in graph.nodes().iter().flat_map(|node| &node.inputs) {
            uses[input.0] += 1;
        }
        Self {
            graph,
            lanes,
            uses,
            value_of: Vec::new(),
            tensors: Vec::new(),
            values: Vec::new(),
            written: Vec::new(),
            norms: Vec::new(),
            forward: Vec::new(),
            next_layer: 0,
            next_channel: 0,
        }
    }

    fn node(&mut self, id: NodeId) -> ValueId {
        let node = self.graph.node(id);
        let input = |index: usize| node.inputs[index];
        match node.op {
            Op::Input => {
                let tensor = self.tensor(node.extent);
                self.raw(tensor, id)
            }
            Op::Conv { .. } | Op::Linear { .. } => self.convolve(id, input(0)),
            Op::GlobalAvgPool => self.pool(id, input(0), PoolKind::GlobalAverage),
            Op::MaxPool(window) => self.pool(id, input(0), PoolKind::Max(window)),
            Op::BatchNorm => self.batch_norm(id, input(0)),
            Op::Relu => {
                let from = self.value_of[input(0).0];
                let value = &self.values[from.0];
                let terms = if self.uses[input(0).0] == 1 && !value.relu {
                    value.terms.clone()
                } else {
                    vec![self.stored_term(from)]
                };
                self.value(Value { terms, relu: true, stored: None, node: id })
            }
            Op::Add => {
                let terms = vec![self.summand(input(0)), self.summand(input(1))];
                self.value(Value { terms, relu: false, stored: None, node: id })
            }
        }
    }

    fn convolve(&mut self, id: NodeId, from: NodeId) -> ValueId {
        let node = self.graph.node(id);
        let window = window(self.graph, id);
        // A convolution that skips pixels cannot store what it reads.
        if self.uses[from.0] > 1 && window.is_some_and(|window| !window.reads_every_phase()) {
            let value = self.value_of[from.0];
            self.stored_term(value);
            self.require(value);
        }
        let (source, keep) = self.read(from);
        let output = self.tensor(node.extent);
        let view = |role| self.graph.parameters().iter().position(|p| p.node == id && p.role == role);
        let (weight, bias) = (view(Role::Weight).unwrap_or(0), view(Role::Bias));
        if let Some(window) = window {
            let geometry = Geometry::new(window, self.lanes);
            let layer = self.next_layer;
            self.next_layer += 1;
            self.forward.push(Forward::Convolve(Convolve {
                layer,
                weight,
                bias,
                source,
                keep,
                output,
                norm: None,
                geometry,
            }));
        }
        self.raw(output, id)
    }

    fn pool(&mut self, id: NodeId, from: NodeId, kind: PoolKind) -> ValueId {
        let (source, keep) = self.read(from);
        let output = self.tensor(self.graph.node(id).extent);
        self.forward.push(Forward::Pool { source, keep, output, kind });
        self.raw(output, id)
    }

    /// Folds into the reader of its output if it follows an operation directly, else measures a stored value.
    fn batch_norm(&mut self, id: NodeId, from: NodeId) -> ValueId {
        let from_value = self.value_of[from.0];
        let norm = NormId(self.norms.len());
        let value = &self.values[from_value.0];
        let direct = match value.terms[..] {
            [Term { tensor, norm: None, of: None }] if self.uses[from.0] == 1 && !value.relu => Some(tensor),
            _ => None,
        };
        let producer = direct.and_then(|tensor| {
            self.forward.iter_mut().find_map(|op| match op {
                Forward::Convolve(convolve) if convolve.output == tensor => Some(convolve),
                _ => None,
            })
        });
        let term = match producer {
            Some(convolve) => {
                convolve.norm = Some(norm);
                Term { tensor: convolve.output, norm: Some(norm), of: None }
            }
            None => {
                let term = self.stored_term(from_value);
                self.require(from_value);
                self.forward.push(Forward::Measure { norm });
                Term { norm: Some(norm), ..term }
            }
        };
        let view = |role| self.graph.parameters().iter().position(|p| p.node == id && p.role == role);
        let extent = self.graph.node(id).extent;
        let (gamma, beta) = (view(Role::Gamma).unwrap_or(0), view(Role::Beta).unwrap_or(0));
        let offset = self.next_channel;
        self.next_channel += extent.channels;
        let (channels, area) = (extent.channels, extent.area());
        self.norms.push(Norm { tensor: term.tensor, offset, channels, area, gamma, beta });
        self.value(Value { terms: vec![term], relu: false, stored: None, node: id })
    }

    /// A node's value as a summand: its own term where nobody else needs it, else its stored tensor.
    fn summand(&mut self, from: NodeId) -> Term {
        let id = self.value_of[from.0];
        let value = &self.values[id.0];
        match value.terms[..] {
            [term] if self.uses[from.0] == 1 && !value.relu => term,
            _ => self.stored_term(id),
        }
    }

    /// A node's value for an operation, and whether that operation has to store it.
    fn read(&mut self, from: NodeId) -> (ValueId, bool) {
        let id = self.value_of[from.0];
        if self.uses[from.0] > 1 {
            self.stored_term(id);
        }
        self.require_terms(id);
        let keep = self.values[id.0].stored.is_some() && !self.written[id.0];
        self.written[id.0] |= keep;
        (id, keep)
    }

    /// The value's stored tensor as a term, made if there is none.
    fn stored_term(&mut self, id: ValueId) -> Term {
        let tensor = match self.values[id.0].stored {
            Some(tensor) => tensor,
            None => {
                let tensor = self.tensor(self.graph.node(self.values[id.0].node).extent);
                self.values[id.0].stored = Some(tensor);
                tensor
            }
        };
        Term { tensor, norm: None, of: Some(id) }
    }

    /// Makes sure a stored value's tensor is written by now.
    fn require(&mut self, id: ValueId) {
        self.require_terms(id);
        if self.values[id.0].stored.is_some() && !self.written[id.0] {
            self.forward.push(Forward::Store { value: id });
            self.written[id.0] = true;
        }
    }

    fn require_terms(&mut self, id: ValueId) {
        for index in 0..self.values[id.0].terms.len() {
            if let Some(of) = self.values[id.0].terms[index].of {
                self.require(of);
            }
        }
    }

    fn tensor(&mut self, extent: Extent) -> TensorId {
        self.tensors.push(Layout { extent, lanes: self.lanes });
        TensorId(self.tensors.len() - 1)
    }

    /// The value of an operation's output: stored by the operation itself.
    fn raw(&mut self, tensor: TensorId, node: NodeId) -> ValueId {
        let terms = vec![Term { tensor, norm: None, of: None }];
        let id = self.value(Value { terms, relu: false, stored: Some(tensor), node });
        self.written[id.0] = true;
        id
    }

    fn value(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        self.written.push(false);
        ValueId(self.values.len() - 1)
    }

    fn finish(mut self) -> Program {
        let logits = self.value_of.last().copied().unwrap_or(ValueId(0));
        self.stored_term(logits);
        self.require(logits);
        let mut owner = vec![logits; self.tensors.len()];
        for (index, value) in self.values.iter().enumerate() {
            if let Some(tensor) = value.stored {
                owner[tensor.0] = ValueId(index);
            }
        }
        // The last value with an unshared term is the one that is read; earlier ones were merged into it.
        for (index, value) in self.values.iter().enumerate() {
            for term in value.terms.iter().filter(|term| term.of.is_none()) {
                owner[term.tensor.0] = ValueId(index);
            }
        }
        Program {
            masks: Masks::new(self.lanes),
            writes: vec![Write::Cached; self.tensors.len()],
            tensors: self.tensors,
            values: self.values,
            norms: self.norms,
            forward: self.forward,
            logits,
            owner,
        }
    }
}
