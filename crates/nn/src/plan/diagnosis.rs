//! Where numbers cease to be finite: a pass that stops at the first place, operation by operation. It is slow,
//! for errors alone.

use super::program::{Forward, NormId, ValueId};
use super::schedule::{Backward, Target};
use super::workspace::Workspace;
use super::{Mode, Pass};
use crate::graph::Graph;
use crate::params::{Column, ParamStore};
use rarefy_core::memory::{self, OutOfMemory};

fn finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

impl Pass<'_> {
    /// The first place of a forward pass over `images` that is not finite, in the order of the graph: a
    /// parameter or statistic that the pass begins with, the images, or what a node makes of them.
    pub(crate) fn forward_trouble(
        &self,
        graph: &Graph,
        workspace: &mut Workspace,
        store: &ParamStore,
        images: &[f32],
    ) -> Result<Option<String>, OutOfMemory> {
        let values = (0..store.views().len()).find(|&view| !finite(store.slice(view, Column::Value)));
        if let Some(view) = values {
            return Ok(Some(format!("a value of {}", store.views()[view].parameter.name)));
        }
        if self.mode == Mode::Eval {
            let statistics = [store.running_mean(), store.running_var()];
            let wrong = |numbers: &[f32]| !finite(numbers);
            let norm = store
                .norms()
                .iter()
                .find(|(_, range)| statistics.iter().any(|all| all.get(range.clone()).is_some_and(wrong)));
            if let Some((name, _)) = norm {
                return Ok(Some(format!("a running statistic of {name}")));
            }
        }
        if !finite(images) {
            return Ok(Some("a pixel of the images".to_owned()));
        }
        self.begin(workspace, store, images);
        for (index, op) in self.program.forward.iter().enumerate() {
            self.forward_op(workspace, store, index);
            if let Some((source, _)) = op.source()
                && !self.is_value_finite(workspace, source)?
            {
                return Ok(Some(format!("the output of {}", self.plan.value_name(graph, source))));
            }
            if let Some(output) = op.output()
                && !finite(&workspace.tensors[output.0][..self.program.tensors[output.0].len(self.batch)])
            {
                return Ok(Some(format!("the output of {}", self.plan.name(graph, op))));
            }
            let norm = match op {
                Forward::Convolve(convolve) => convolve.norm,
                Forward::Measure { norm } => Some(*norm),
                Forward::Pool { .. } | Forward::Store { .. } => None,
            };
            if let Some(norm) = norm.filter(|norm| !workspace.norms[norm.0].is_finite()) {
                return Ok(Some(format!("a statistic of {}", norm_name(graph, norm))));
            }
        }
        let trouble = !self.is_value_finite(workspace, self.program.logits)?;
        Ok(trouble.then(|| "a logit".to_owned()))
    }

    /// The first place of the backward pass that is not finite, after [`Pass::forward_trouble`] found none and
    /// [`Pass::loss`].
    pub(crate) fn backward_trouble(
        &self,
        graph: &Graph,
        workspace: &mut Workspace,
        store: &mut ParamStore,
    ) -> Option<String> {
        for (index, op) in self.plan.schedule.backward.iter().enumerate() {
            self.backward_op(workspace, store, index, &mut None);
            let parameter = |view: usize| {
                let trouble = !finite(store.slice(view, Column::Gradient));
                trouble.then(|| format!("the gradient of {}", store.views()[view].parameter.name))
            };
            let (layer, value, target) = match op {
                Backward::Convolve { op, target, .. } | Backward::Pool { op, target, .. } => {
                    let op = &self.program.forward[*op];
                    let views = match op {
                        Forward::Convolve(convolve) => [Some(convolve.weight), convolve.bias],
                        _ => [None, None],
                    };
                    (views, op.source().map(|(source, _)| source), Some(target))
                }
                Backward::Finish { value, target } => ([None, None], Some(*value), Some(target)),
                Backward::Norm { value, .. } => ([None, None], Some(*value), None),
            };
            let finished = matches!(target, Some(Target::Finish { .. }));
            let terms =
                value.filter(|_| finished).map_or(&[][..], |value| &self.program.values[value.0].terms);
            let mut norms = terms.iter().filter_map(|term| term.norm).flat_map(|norm| {
                let norm = &self.program.norms[norm.0];
                [norm.gamma, norm.beta]
            });
            if let Some(place) = layer.into_iter().flatten().find_map(parameter) {
                return Some(place);
            }
            if let (Some(out), Some(value)) = (op.out(), value) {
                let len = self.program.layout(value).len(self.batch);
                if !finite(&workspace.gradients[out.0][..len]) {
                    return Some(format!(
                        "the gradient of the output of {}",
                        self.plan.value_name(graph, value)
                    ));
                }
            }
            // Sums over what is in the buffer.
            if let Some(place) = norms.find_map(parameter) {
                return Some(place);
            }
        }
        None
    }

    /// Whether every number of a value is finite.
    fn is_value_finite(&self, workspace: &Workspace, value: ValueId) -> Result<bool, OutOfMemory> {
        let layout = *self.program.layout(value);
        let mut planes = memory::zeros(layout.group_len(), "the activations of a group of samples")?;
        for group in 0..layout.groups(self.batch) {
            self.evaluate_whole(workspace, value, group, &mut planes, None);
            if !finite(&planes) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn norm_name(graph: &Graph, norm: NormId) -> String {
    graph.batch_norms().nth(norm.0).map_or_else(String::new, |(_, node)| node.name.clone())
}
