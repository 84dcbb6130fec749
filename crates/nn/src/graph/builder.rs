//! Builds graphs node by node, checking extents.

use super::{Extent, Graph, InitRule, Node, NodeId, Op, Parameter, PoolWindow, Role};
use rarefy_core::WeightShape;

/// A graph that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A node's inputs do not fit it.
    #[error("node `{node}`: {problem}")]
    Node {
        /// Its name.
        node: String,
        /// What was expected and found.
        problem: String,
    },
}

/// Collects nodes; every method returns the new node's id.
///
/// Ids that are no node's, names that two nodes have and nodes that nothing reads are told by [`GraphBuilder::build`].
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    graph: Graph,
    /// The first id that is no node's, and who was to read it.
    foreign: Option<(String, usize)>,
}

impl GraphBuilder {
    /// Starts a graph over images of `input` extent; the input is node 0.
    pub fn new(name: impl Into<String>, input: Extent) -> Self {
        let node = Node { name: "input".into(), op: Op::Input, inputs: Vec::new(), extent: input };
        let graph = Graph { name: name.into(), nodes: vec![node], parameters: Vec::new() };
        Self { graph, foreign: None }
    }

    /// The input node.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Extent of a node's output; that of the input for an id that is no node's.
    pub fn extent(&self, id: NodeId) -> Extent {
        self.graph.nodes.get(id.0).unwrap_or(&self.graph.nodes[0]).extent
    }

    /// A `kernel` x `kernel` convolution without bias, initialized by `init`.
    pub fn conv(
        &mut self,
        name: impl Into<String>,
        from: NodeId,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        init: InitRule,
    ) -> Result<NodeId, GraphError> {
        let (name, input) = (name.into(), self.extent(from));
        let fits = |size: usize| size + 2 * padding >= kernel;
        if kernel.is_multiple_of(2) || !(1..=2).contains(&stride) || padding >= kernel || outputs == 0 {
            let problem = format!(
                "needs an odd kernel, stride 1 or 2, padding below the kernel and at least one output, found kernel \
                 {kernel}, stride {stride}, padding {padding}, {outputs} outputs"
            );
            return Err(GraphError::Node { node: name, problem });
        }
        if !fits(input.height) || !fits(input.width) {
            let problem =
                format!("a {kernel}x{kernel} kernel does not fit a {}x{} image", input.height, input.width);
            return Err(GraphError::Node { node: name, problem });
        }
        let out = |size: usize| (size + 2 * padding - kernel) / stride + 1;
        let extent = Extent { channels: outputs, height: out(input.height), width: out(input.width) };
        let weight = WeightShape::conv(outputs, input.channels, kernel, kernel);
        let shape = vec![outputs, input.channels, kernel, kernel];
        let id = self.push(name, Op::Conv { weight, stride, padding }, vec![from], extent);
        self.parameter(id, "weight", Role::Weight, shape, init);
        Ok(id)
    }

    /// Batch normalization: gamma starts at 1, beta at 0.
    pub fn batch_norm(&mut self, name: impl Into<String>, from: NodeId) -> NodeId {
        let extent = self.extent(from);
        let id = self.push(name.into(), Op::BatchNorm, vec![from], extent);
        self.parameter(id, "weight", Role::Gamma, vec![extent.channels], InitRule::Constant { value: 1.0 });
        self.parameter(id, "bias", Role::Beta, vec![extent.channels], InitRule::Constant { value: 0.0 });
        id
    }

    /// max(x, 0).
    pub fn relu(&mut self, from: NodeId) -> NodeId {
        let label = format!("{}.relu", self.graph.nodes[from.0].name);
        self.push(label, Op::Relu, vec![from], self.extent(from))
    }

    /// `a + b`.
    pub fn add(&mut self, name: impl Into<String>, a: NodeId, b: NodeId) -> Result<NodeId, GraphError> {
        let (ea, eb) = (self.extent(a), self.extent(b));
        if ea != eb {
            let problem = format!("cannot add {ea} and {eb}");
            return Err(GraphError::Node { node: name.into(), problem });
        }
        Ok(self.push(name.into(), Op::Add, vec![a, b], ea))
    }

    /// Mean over the image.
    pub fn global_avg_pool(&mut self, from: NodeId) -> NodeId {
        let extent = Extent::vector(self.extent(from).channels);
        self.push("pool".into(), Op::GlobalAvgPool, vec![from], extent)
    }

    /// Largest number of each window.
    pub fn max_pool(&mut self, from: NodeId, window: PoolWindow) -> Result<NodeId, GraphError> {
        let input = self.extent(from);
        let label = format!("{}.max_pool", self.graph.nodes[from.0].name);
        let PoolWindow { kernel, stride, padding } = window;
        if kernel == 0 || stride == 0 || padding >= kernel {
            let problem = format!(
                "needs kernel and stride above 0 and padding below the kernel, found kernel {kernel}, stride {stride} and padding {padding}"
            );
            return Err(GraphError::Node { node: label, problem });
        }
        let (height, width) = (window.count(input.height), window.count(input.width));
        if height == 0 || width == 0 {
            let problem =
                format!("a {kernel}x{kernel} window does not fit a {}x{} image", input.height, input.width);
            return Err(GraphError::Node { node: label, problem });
        }
        let extent = Extent { channels: input.channels, height, width };
        Ok(self.push(label, Op::MaxPool(window), vec![from], extent))
    }

    /// Fully connected layer with bias.
    pub fn linear(
        &mut self,
        name: impl Into<String>,
        from: NodeId,
        outputs: usize,
        weight_init: InitRule,
        bias_init: InitRule,
    ) -> Result<NodeId, GraphError> {
        let (name, input) = (name.into(), self.extent(from));
        if input.area() != 1 || outputs == 0 {
            let problem = format!("needs a vector and at least one output, found {input} and {outputs}");
            return Err(GraphError::Node { node: name, problem });
        }
        let weight = WeightShape::linear(outputs, input.channels);
        let id = self.push(name, Op::Linear { weight }, vec![from], Extent::vector(outputs));
        self.parameter(id, "weight", Role::Weight, vec![outputs, input.channels], weight_init);
        self.parameter(id, "bias", Role::Bias, vec![outputs], bias_init);
        Ok(id)
    }

    /// The finished graph; its last node must give a vector of logits.
    pub fn build(self) -> Result<Graph, GraphError> {
        let failed = |node: &str, problem: String| Err(GraphError::Node { node: node.to_owned(), problem });
        let nodes = &self.graph.nodes;
        if let Some((reader, id)) = &self.foreign {
            return failed(
                reader,
                format!("reads node {id}, which this graph has not: it is of another builder"),
            );
        }
        let last = &nodes[nodes.len() - 1];
        if last.extent.area() != 1 || nodes.iter().any(|node| node.extent.is_empty()) {
            return failed(
                &last.name,
                format!("the last node must give a vector of logits, found {}", last.extent),
            );
        }
        for (index, node) in nodes.iter().enumerate() {
            if nodes[..index].iter().any(|other| other.name == node.name && !node.name.is_empty()) {
                return failed(
                    &node.name,
                    "two nodes have this name, which names parameters and tensors".into(),
                );
            }
            let read = nodes.iter().any(|reader| reader.inputs.contains(&NodeId(index)));
            if !read && index + 1 < nodes.len() {
                return failed(&node.name, "nothing reads it: connect it or leave it away".into());
            }
        }
        Ok(self.graph)
    }

    fn push(&mut self, name: String, op: Op, inputs: Vec<NodeId>, extent: Extent) -> NodeId {
        let foreign = inputs.iter().find(|id| id.0 >= self.graph.nodes.len());
        if let (Some(id), None) = (foreign, &self.foreign) {
            self.foreign = Some((name.clone(), id.0));
        }
        self.graph.nodes.push(Node { name, op, inputs, extent });
        NodeId(self.graph.nodes.len() - 1)
    }

    fn parameter(&mut self, node: NodeId, suffix: &str, role: Role, shape: Vec<usize>, init: InitRule) {
        let name = format!("{}.{suffix}", self.graph.nodes[node.0].name);
        self.graph.parameters.push(Parameter { name, node, role, shape, init });
    }
}
