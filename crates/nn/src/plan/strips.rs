//! Values whose gradient is finished apart from any convolution, a strip of rows after the other.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::finish::Group;
use super::layout::{Layout, Region};
use super::program::ValueId;
use super::schedule::Target;
use super::workspace::{Scratch, Workspace};
use crate::params::ParamStore;
use std::mem::take;
use std::ops::Range;

/// Bytes of the rows that are evaluated at a time, about: they stay in the second cache.
const ROWS_BYTES: usize = 128 << 10;

/// Rows of `layout` that are worked on at a time, a multiple of `step`.
pub(crate) fn strip_rows(layout: &Layout, step: usize) -> usize {
    let row = layout.grid().row * size_of::<f32>();
    (ROWS_BYTES / row.max(1)).max(1).next_multiple_of(step)
}

/// Rows of one group whose gradient is finished.
pub(crate) struct Strip {
    pub(crate) group: usize,
    pub(crate) rows: Range<usize>,
    /// Those that are evaluated: more where the gradient of some rows needs others.
    pub(crate) reach: Range<usize>,
}

impl Pass<'_> {
    pub(crate) fn finish_value(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        value: ValueId,
        target: &Target,
    ) {
        self.each_strip(workspace, store, value, target, 1, &Range::clone, &|_, _, _, _| false);
    }

    /// Finishes every strip of `value`, of a multiple of `step` rows; `own` fills the operation's own part of the rows that `reach` says,
    /// given the evaluated value, and tells whether there is one. Both are placed as the value's tensors.
    pub(crate) fn each_strip(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        value: ValueId,
        target: &Target,
        step: usize,
        reach: &(impl Fn(&Range<usize>) -> Range<usize> + Sync),
        own: &(impl Fn(&Workspace, &Strip, &[f32], &mut [f32]) -> bool + Sync),
    ) {
        let layout = *self.program.layout(value);
        let (channels, size) = (layout.extent.channels, self.plan.chunk());
        let (height, many) = (layout.extent.height, strip_rows(&layout, step));
        let chunks = self.batch.div_ceil(size);
        let mut out = self.take_target(workspace, target);
        let mut sums = take(&mut workspace.sums);
        let outputs = (
            Chunks::new(&mut out[..], layout.len(size)),
            Chunks::new(&mut sums[..chunks * 3 * channels], 3 * channels),
        );
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..chunks, outputs, &|chunk, (out, sums)| {
            let Scratch { flat, flat_gradient, unread, lane_sums, .. } = &mut *shared.scratch();
            let sums = &mut sums.data[..3 * channels];
            sums.fill(0.0);
            let groups = out.data.chunks_exact_mut(layout.group_len());
            for (group, out) in self.chunk_groups(chunk, size).zip(groups) {
                for start in (0..height).step_by(many) {
                    let rows = start..(start + many).min(height);
                    let strip = Strip { group, reach: reach(&rows), rows };
                    let evaluated = Region::of_rows(&layout, &strip.reach);
                    let (flat, part) = (&mut flat[..], &mut flat_gradient[..]);
                    self.evaluate(shared, value, group, evaluated, (flat, evaluated.grid), None);
                    let own = own(shared, &strip, flat, part);
                    let region = Region::of_rows(&layout, &strip.rows);
                    let inside = region.start - evaluated.start;
                    let from = own.then(|| (&part[inside..], region.grid));
                    let evaluated = (&flat[inside..], region.grid);
                    let (index, out, sums) = (group, &mut *out, &mut *sums);
                    let group = Group { value, target, index, region, from, evaluated, out, sums };
                    self.finish_group(shared, (unread, lane_sums), group);
                }
            }
        });
        self.put_target(workspace, target, out);
        workspace.sums = sums;
        self.finish_norms(workspace, store, value, target, chunks);
    }
}
