//! Global average pools and max pools, forward and backward.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::layout::{Layout, Region};
use super::program::{Forward, PoolKind, TensorId, ValueId};
use super::schedule::{GradId, Target};
use super::strips::strip_rows;
use super::workspace::Workspace;
use crate::params::ParamStore;
use rarefy_kernels::{PoolWindow, Pooled, average_pool, average_pool_gradient, max_pool, max_pool_gradient};
use std::mem::take;
use std::ops::Range;

impl Pass<'_> {
    pub(crate) fn pool(
        &self,
        workspace: &mut Workspace,
        from: ValueId,
        keep: bool,
        to: TensorId,
        kind: PoolKind,
    ) {
        let program = self.program;
        let (source, output) = (*program.layout(from), program.tensors[to.0]);
        let size = self.plan.chunk();
        let mut out = take(&mut workspace.tensors[to.0]);
        let mut kept = self.take_kept(workspace, from, keep);
        let outputs =
            (Chunks::new(&mut out[..], output.len(size)), Chunks::new(&mut kept[..], source.len(size)));
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..self.batch.div_ceil(size), outputs, &|chunk, (out, keep)| {
            let flat = &mut shared.scratch().flat[..];
            let mut keep = keep.data.chunks_exact_mut(source.group_len());
            let groups = out.data.chunks_exact_mut(output.group_len());
            for (group, out) in self.chunk_groups(chunk, size).zip(groups) {
                let mut keep = keep.next();
                let mut evaluate = |rows: &Range<usize>, flat: &mut [f32]| {
                    let region = Region::of_rows(&source, rows);
                    self.evaluate(shared, from, group, region, (flat, region.grid), keep.as_deref_mut());
                };
                match kind {
                    PoolKind::GlobalAverage => {
                        let Region { grid, rows, columns, .. } = Region::whole(&source);
                        evaluate(&(0..rows), flat);
                        let means = &mut out[..output.group_len()];
                        average_pool(self.plan.isa, flat, grid, rows, columns, means);
                    }
                    PoolKind::Max(window) => self.max_pool(window, &source, &output, evaluate, flat, out),
                }
            }
        });
        workspace.tensors[to.0] = out;
        self.put_kept(workspace, from, keep, kept);
    }

    /// Largest pixels of one group, some rows of windows at a time; `evaluate` puts rows of the source into `flat`, each of them at least
    /// once.
    fn max_pool(
        &self,
        window: PoolWindow,
        source: &Layout,
        output: &Layout,
        mut evaluate: impl FnMut(&Range<usize>, &mut [f32]),
        flat: &mut [f32],
        out: &mut [f32],
    ) {
        let (height, count) = (source.extent.height, output.extent.height);
        let many = strip_rows(source, window.stride) / window.stride;
        let mut done = 0;
        for first in (0..count).step_by(many) {
            let windows = first..(first + many).min(count);
            let covered = window.covered(&windows, height);
            let end = if windows.end == count { height } else { covered.end.max(done) };
            let rows = covered.start.min(done)..end;
            evaluate(&rows, flat);
            let at = windows.start * output.grid().row;
            max_pool(
                self.plan.isa,
                pooled(window, source, flat, rows.start),
                windows,
                &mut out[at..],
                output.grid(),
            );
            done = end;
        }
    }

    pub(crate) fn pool_back(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        index: usize,
        gradient: GradId,
        target: &Target,
    ) {
        let program = self.program;
        let Forward::Pool { source: from, output, kind, .. } = &program.forward[index] else { return };
        if *target == Target::Nowhere {
            return;
        }
        let (source, output) = (*program.layout(*from), program.tensors[output.0]);
        let (isa, height) = (self.plan.isa, source.extent.height);
        // Rows that are needed for the gradient of some.
        let reach = |rows: &Range<usize>| match *kind {
            PoolKind::GlobalAverage => rows.clone(),
            PoolKind::Max(window) => match window.covered(&window.touching(rows, height), height) {
                covered if covered.is_empty() => rows.clone(),
                covered => rows.start.min(covered.start)..rows.end.max(covered.end),
            },
        };
        let step = if let PoolKind::Max(window) = kind { window.stride } else { 1 };
        self.each_strip(workspace, store, *from, target, step, &reach, &|shared, strip, value, part| {
            let dout =
                &shared.gradients[gradient.0][strip.group * output.group_len()..][..output.group_len()];
            match *kind {
                PoolKind::GlobalAverage => {
                    let Region { grid, rows, columns, .. } = Region::of_rows(&source, &strip.reach);
                    average_pool_gradient(isa, dout, source.extent.area(), part, grid, rows, columns);
                }
                PoolKind::Max(window) => {
                    let windows = window.touching(&strip.rows, height);
                    let dout = &dout[windows.start * output.grid().row..];
                    let pooled = pooled(window, &source, value, strip.reach.start);
                    let rows = strip.reach.len();
                    max_pool_gradient(isa, pooled, windows, dout, output.grid(), part, rows);
                }
            }
            true
        });
    }
}

/// Rows of `source` from `first_row` on, as its tensors are placed.
fn pooled<'a>(window: PoolWindow, source: &Layout, input: &'a [f32], first_row: usize) -> Pooled<'a> {
    let extent = (source.extent.height, source.extent.width);
    Pooled { window, extent, input, grid: source.grid(), first_row, channels: source.extent.channels }
}
