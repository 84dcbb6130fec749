//! Completes gradients of values, group by group.

use super::Pass;
use super::layout::Region;
use super::program::ValueId;
use super::schedule::{GradId, Target};
use super::workspace::Workspace;
use crate::params::ParamStore;
use rarefy_kernels::{Gate, Grid, NormTerm, finish_gradient};

/// One group's gradient on its way into a target.
pub(crate) struct Group<'a> {
    pub(crate) value: ValueId,
    pub(crate) target: &'a Target,
    pub(crate) index: usize,
    /// The pixels that are meant.
    pub(crate) region: Region,
    /// The operation's own part of them: planes and their places.
    pub(crate) from: Option<(&'a [f32], Grid)>,
    /// The evaluated value there (used if it has a ReLU): planes and their places.
    pub(crate) evaluated: (&'a [f32], Grid),
    /// The group's place in the target's buffer.
    pub(crate) out: &'a mut [f32],
    /// `[3][channel]` of the chunk, if the gradient is finished.
    pub(crate) sums: &'a mut [f64],
}

impl Pass<'_> {
    pub(crate) fn finish_group(
        &self,
        workspace: &Workspace,
        (unread, scratch): (&mut [f64], &mut [f32]),
        group: Group<'_>,
    ) {
        let program = self.program;
        let layout = program.layout(group.value);
        let value = &program.values[group.value.0];
        let (len, isa) = (layout.group_len(), self.plan.isa);
        let Region { start, grid, step, rows, columns } = group.region;
        if group.region.is_empty() {
            return;
        }
        let here = group.index * len + start..(group.index + 1) * len;
        let channels = layout.extent.channels;
        let mask = Gate::Mask(program.masks.get(group.index, self.batch));
        let (out, from) = (&mut group.out[start..], group.from);
        let Target::Finish { accumulate, extra, .. } = group.target else {
            let sums = &mut unread[..channels];
            let (parts, terms) = (&[][..], &mut [][..]);
            return finish_gradient(
                isa, out, grid, step, false, from, parts, mask, terms, sums, scratch, rows, columns,
            );
        };
        let gate = match value.relu {
            true => Gate::Relu { tile: group.evaluated.0, grid: group.evaluated.1 },
            false => mask,
        };
        let part = |id: &GradId| &workspace.gradients[id.0][here.clone()];
        let parts: [&[f32]; 2] = [extra.first().map_or(&[], part), extra.get(1).map_or(&[], part)];
        let (extra, accumulate) = (&parts[..extra.len()], *accumulate);
        let (sums, products) = group.sums.split_at_mut(channels);
        let (first, second) = products.split_at_mut(channels);
        let term = |index: usize, sums| {
            let term = value.terms.get(index)?;
            let mean = &workspace.norms[term.norm?.0].mean[..];
            Some(NormTerm { planes: &workspace.tensors[term.tensor.0][here.clone()], mean, sums })
        };
        let mut run = |terms: &mut [NormTerm<'_>]| {
            finish_gradient(
                isa, out, grid, step, accumulate, from, extra, gate, terms, sums, scratch, rows, columns,
            );
        };
        match (term(0, first), term(1, second)) {
            (Some(a), Some(b)) => run(&mut [a, b]),
            (Some(one), None) | (None, Some(one)) => run(&mut [one]),
            (None, None) => run(&mut []),
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
            for (index, term) in self.program.values[id.0].terms.iter().enumerate() {
                if let Some(norm) = term.norm {
                    self.norm_gradient(workspace, store, norm, 1 + index, chunks);
                }
            }
        }
    }
}
