//! One flat buffer per column for the whole network, with a named view per parameter.

use crate::graph::{Graph, Op, Parameter, Role};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_core::{Pattern, WeightShape};
use std::ops::Range;

/// A column aligned to the parameters: every column has one number per existing weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The parameters themselves.
    Value,
    /// Gradient of the loss, without weight decay.
    Gradient,
    /// SGD momentum or Adam's first moment.
    Momentum,
    /// Adam's second moment.
    SecondMoment,
}

impl Column {
    /// All columns.
    pub const ALL: [Self; 4] = [Self::Value, Self::Gradient, Self::Momentum, Self::SecondMoment];
}

/// Where a parameter lives in every column.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The parameter: name, node, role, dense shape.
    pub parameter: Parameter,
    /// Its numbers in each column: the pattern's canonical order for weights, row-major otherwise.
    pub range: Range<usize>,
    /// Index into [`ParamStore::patterns`] for prunable weights.
    pub pattern: Option<usize>,
}

/// Why patterns do not fit a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// One pattern per prunable weight is needed.
    #[error("the graph has {expected} prunable weights, found {found} patterns")]
    Count {
        /// Prunable weights of the graph.
        expected: usize,
        /// Patterns given.
        found: usize,
    },
    /// A pattern has another shape than its weight.
    #[error("the pattern of `{name}` has shape {found}, the weight {expected}")]
    Shape {
        /// Parameter name.
        name: String,
        /// Shape in the graph.
        expected: WeightShape,
        /// Shape of the pattern.
        found: WeightShape,
    },
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
}

/// What the columns are.
pub(super) const PARAMETERS: &str = "the parameters of the network";

/// Parameters, gradients, optimizer state and batch-norm statistics of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamStore {
    pub(super) views: Vec<View>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) columns: [Vec<f32>; 4],
    running_mean: Vec<f32>,
    running_var: Vec<f32>,
    norms: Vec<(String, Range<usize>)>,
}

impl ParamStore {
    /// Zeros for `graph` with one pattern per prunable weight, in graph order. Running statistics are 0 and 1.
    ///
    /// # Errors
    /// Patterns that do not fit the graph, memory that cannot be had.
    pub fn new(graph: &Graph, patterns: Vec<Pattern>) -> Result<Self, StoreError> {
        let expected = graph.prunable().count();
        if patterns.len() != expected {
            return Err(StoreError::Count { expected, found: patterns.len() });
        }
        let (mut views, mut end, mut next_pattern) = (Vec::new(), 0, 0);
        for parameter in graph.parameters() {
            let pattern = (parameter.role == Role::Weight).then(|| {
                next_pattern += 1;
                next_pattern - 1
            });
            let len = pattern.map_or(parameter.len(), |index| patterns[index].nnz());
            if let Some(index) = pattern {
                let (found, weight) = (patterns[index].shape(), graph.node(parameter.node).op.weight());
                if let Some(expected) = weight.filter(|&weight| weight != found) {
                    return Err(StoreError::Shape { name: parameter.name.clone(), expected, found });
                }
            }
            views.push(View { parameter: parameter.clone(), range: end..end + len, pattern });
            end += len;
        }
        let (mut norms, mut channels) = (Vec::new(), 0);
        for node in graph.nodes().iter().filter(|node| node.op == Op::BatchNorm) {
            norms.push((node.name.clone(), channels..channels + node.extent.channels));
            channels += node.extent.channels;
        }
        memory::check_large(memory::bytes_of::<[f32; 4]>(end), PARAMETERS)?;
        let zeros = || memory::zeros(end, PARAMETERS);
        Ok(Self {
            views,
            patterns,
            columns: [zeros()?, zeros()?, zeros()?, zeros()?],
            running_mean: memory::zeros(channels, PARAMETERS)?,
            running_var: memory::filled(channels, 1.0, PARAMETERS)?,
            norms,
        })
    }

    /// A copy.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        let [value, gradient, momentum, second] = &self.columns;
        let copy = |column: &[f32]| memory::copied(column, PARAMETERS);
        Ok(Self {
            views: self.views.clone(),
            patterns: self.patterns.iter().map(Pattern::try_clone).collect::<Result<_, _>>()?,
            columns: [copy(value)?, copy(gradient)?, copy(momentum)?, copy(second)?],
            running_mean: copy(&self.running_mean)?,
            running_var: copy(&self.running_var)?,
            norms: self.norms.clone(),
        })
    }

    /// One view per parameter, in graph order.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// One pattern per prunable weight, in graph order.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Numbers in each column: existing weights plus biases and batch-norm parameters.
    pub fn len(&self) -> usize {
        self.columns[0].len()
    }

    /// Numbers that each column has room for.
    pub(crate) fn capacity(&self) -> usize {
        self.columns.iter().map(Vec::capacity).max().unwrap_or(0)
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Existing prunable weights.
    pub fn nnz(&self) -> u64 {
        self.patterns.iter().map(|pattern| pattern.nnz() as u64).sum()
    }

    /// A whole column.
    pub fn column(&self, column: Column) -> &[f32] {
        &self.columns[column as usize]
    }

    /// A whole column, to write.
    pub fn column_mut(&mut self, column: Column) -> &mut [f32] {
        &mut self.columns[column as usize]
    }

    /// All columns at once, in [`Column::ALL`] order, for the optimizer.
    pub fn columns_mut(&mut self) -> [&mut [f32]; 4] {
        self.columns.each_mut().map(Vec::as_mut_slice)
    }

    /// One parameter's part of a column.
    pub fn slice(&self, view: usize, column: Column) -> &[f32] {
        &self.columns[column as usize][self.views[view].range.clone()]
    }

    /// One parameter's part of a column, to write.
    pub fn slice_mut(&mut self, view: usize, column: Column) -> &mut [f32] {
        &mut self.columns[column as usize][self.views[view].range.clone()]
    }

    /// A layer's pattern beside its values, to write.
    pub(crate) fn pattern_and_values(&mut self, layer: usize, view: usize) -> (&Pattern, &mut [f32]) {
        let range = self.views[view].range.clone();
        (&self.patterns[layer], &mut self.columns[Column::Value as usize][range])
    }

    /// Batch-norm layers in graph order: name and range into the running statistics.
    pub fn norms(&self) -> &[(String, Range<usize>)] {
        &self.norms
    }

    /// Running means of all batch norms, in graph order.
    pub fn running_mean(&self) -> &[f32] {
        &self.running_mean
    }

    /// Running (unbiased) variances of all batch norms, in graph order.
    pub fn running_var(&self) -> &[f32] {
        &self.running_var
    }

    /// Running means and variances, to write.
    pub fn running_mut(&mut self) -> (&mut [f32], &mut [f32]) {
        (&mut self.running_mean, &mut self.running_var)
    }

    /// One parameter's column scattered into its dense tensor (zeros where no weight exists), row-major; see
    /// [`ParamStore::try_to_dense`].
    ///
    /// # Panics
    /// If there is no memory for it.
    pub fn to_dense(&self, view: usize, column: Column) -> Vec<f32> {
        self.try_to_dense(view, column).unwrap_or_else(|error| panic!("{error}"))
    }

    /// One parameter's column scattered into its dense tensor (zeros where no weight exists), row-major.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn try_to_dense(&self, view: usize, column: Column) -> Result<Vec<f32>, OutOfMemory> {
        let (values, what) = (self.slice(view, column), "a dense layer");
        let Some(pattern) = self.views[view].pattern else { return memory::copied(values, what) };
        let mut dense = memory::zeros(self.views[view].parameter.len(), what)?;
        for (index, &value) in self.patterns[pattern].iter_dense_indices().zip(values) {
            dense[index] = value;
        }
        Ok(dense)
    }

    /// Sets one parameter's existing numbers to what `next` gives for them; it is called once for every
    /// position of the dense tensor, row-major.
    pub(crate) fn fill_in_dense_order(&mut self, view: usize, column: Column, mut next: impl FnMut() -> f32) {
        let View { range, pattern, parameter } = &self.views[view];
        let target = &mut self.columns[column as usize][range.clone()];
        let Some(pattern) = pattern.map(|pattern| &self.patterns[pattern]) else {
            target.fill_with(next);
            return;
        };
        // The canonical order goes by row blocks: only one of them is wanted at a time.
        let (rows, blocks) = (pattern.block().rows, pattern.row_blocks());
        let mut dense = vec![0.0; parameter.len() / blocks.max(1)];
        let mut targets = target.iter_mut();
        let mut indices = pattern.iter_dense_indices();
        for row_block in 0..blocks {
            dense.fill_with(&mut next);
            let first = row_block * dense.len();
            let existing = pattern.row(row_block).len() * rows * pattern.block().columns;
            for (target, index) in targets.by_ref().zip(indices.by_ref()).take(existing) {
                *target = dense[index - first];
            }
        }
    }

    /// Gathers one parameter's existing numbers from its dense tensor; numbers elsewhere are ignored.
    pub fn set_from_dense(&mut self, view: usize, column: Column, dense: &[f32]) {
        let View { range, pattern, .. } = &self.views[view];
        let target = &mut self.columns[column as usize][range.clone()];
        match pattern {
            None => target.copy_from_slice(dense),
            Some(pattern) => {
                for (value, index) in target.iter_mut().zip(self.patterns[*pattern].iter_dense_indices()) {
                    *value = dense[index];
                }
            }
        }
    }
}
