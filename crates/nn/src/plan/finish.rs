//! Completes gradients of values, group by group.

use super::Pass;
use super::program::ValueId;
use super::schedule::{GradId, Target};
use super::workspace::Workspace;
use crate::params::ParamStore;
use rarefy_kernels::{Gate, NormTerm, finish_gradient};

/// One group's gradient on its way into a target.
pub(crate) struct Group<'a> {
    pub(crate) value: ValueId,
    pub(crate) target: &'a Target,
    pub(crate) index: usize,
    /// The operation's own part: planes and their distance.
    pub(crate) from: Option<(&'a [f32], usize)>,
    /// The evaluated value (used if it has a ReLU): tile, lead, distance of planes.
    pub(crate) evaluated: (&'a [f32], usize, usize),
    /// The group's place in the target's buffer.
    pub(crate) out: &'a mut [f32],
    /// `[3][channel]` of the chunk, if the gradient is finished.
    pub(crate) sums: &'a mut [f64],
}

impl Pass<'_> {
    pub(crate) fn finish_group(&self, workspace: &Workspace, unread: &mut [f64], group: Group<'_>) {
        let program = &self.plan.program;
        let layout = program.layout(group.value);
        let value = &program.values[group.value.0];
        let len = layout.group_len();
        let slice = |buffer: &'_ rarefy_kernels::Buffer| {
            group.index * len..(group.index * len + len).min(buffer.len())
        };
        let channels = layout.extent.channels;
        let mask = program.mask(value.terms[0].tensor, layout.valid(group.index, self.batch));
        let (stride, n) = (layout.stride, layout.positions);
        let isa = self.plan.isa;
        let Target::Finish { accumulate, extra, .. } = group.target else {
            let sums = &mut unread[..channels];
            let gate = Gate::Mask(mask);
            return finish_gradient(isa, group.out, false, group.from, &[], gate, &mut [], sums, stride, n);
        };
        let gate = match value.relu {
            true => {
                Gate::Relu { tile: group.evaluated.0, lead: group.evaluated.1, stride: group.evaluated.2 }
            }
            false => Gate::Mask(mask),
        };
        let part = |id: &GradId| {
            let buffer = &workspace.gradients[id.0];
            &buffer[slice(buffer)]
        };
        let parts: [&[f32]; 2] = [extra.first().map_or(&[], part), extra.get(1).map_or(&[], part)];
        let (sums, products) = group.sums.split_at_mut(channels);
        let (first, second) = products.split_at_mut(channels);
        let term = |index: usize, sums| {
            let term = value.terms.get(index)?;
            let tensor = &workspace.tensors[term.tensor.0];
            let mean = &workspace.norms[term.norm?.0].mean[..];
            Some(NormTerm { planes: &tensor[slice(tensor)], mean, sums })
        };
        let (extra, accumulate, out) = (&parts[..extra.len()], *accumulate, group.out);
        match (term(0, first), term(1, second)) {
            (Some(a), Some(b)) => {
                finish_gradient(isa, out, accumulate, group.from, extra, gate, &mut [a, b], sums, stride, n);
            }
            (Some(one), None) | (None, Some(one)) => {
                finish_gradient(isa, out, accumulate, group.from, extra, gate, &mut [one], sums, stride, n);
            }
            (None, None) => {
                finish_gradient(isa, out, accumulate, group.from, extra, gate, &mut [], sums, stride, n);
            }
        }
    }

    /// After all groups of a finished value: the coefficients of its norms.
    pub(crate) fn finish_norms(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        id: ValueId,
        target: &Target,
        chunks: usize,
    ) {
        if let Target::Finish { .. } = target {
            for (index, term) in self.plan.program.values[id.0].terms.iter().enumerate() {
                if let Some(norm) = term.norm {
                    self.norm_gradient(workspace, store, norm, 1 + index, chunks);
                }
            }
        }
    }
}
