//! Global average pools and max pools, forward and backward.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::forward::Into;
use super::layout::Layout;
use super::program::{Forward, PoolKind, TensorId, ValueId};
use super::schedule::{GradId, Target};
use super::workspace::Workspace;
use crate::graph::PoolWindow;
use crate::params::ParamStore;
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
        let program = &self.plan.program;
        let (source, output) = (*program.layout(from), program.tensors[to.0]);
        let size = self.plan.chunk(&[&source, &output]);
        let mut out = take(&mut workspace.tensors[to.0]);
        let mut kept = self.take_kept(workspace, from, keep);
        let outputs = (
            Chunks::new(&mut out[..], size / output.samples * output.group_len()),
            Chunks::new(&mut kept[..], size / source.samples * source.group_len()),
        );
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..self.batch.div_ceil(size), outputs, &|chunk, (out, keep)| {
            let scratch = &mut *shared.scratch();
            let range = self.samples(chunk, size);
            out.data[..output.groups(range.len()) * output.group_len()].fill(0.0);
            for start in range.clone().step_by(source.samples) {
                let at = (start - range.start) / source.samples * source.group_len();
                let keep = keep.data.get_mut(at..at + source.group_len());
                let planes = &mut scratch.flat[..source.group_len()];
                let into = Into { planes, lead: 0, stride: source.stride, keep };
                self.evaluate(shared, from, start / source.samples, into);
                for local in 0..source.samples.min(range.end - start) {
                    let sample = start + local - range.start;
                    let group = &mut out.data[sample / output.samples * output.group_len()..];
                    for channel in 0..source.extent.channels {
                        let plane = &scratch.flat[channel * source.stride + source.row(local, 0)..];
                        let to = channel * output.stride + output.row(sample % output.samples, 0);
                        match kind {
                            PoolKind::GlobalAverage => group[to] = average(plane, &source),
                            PoolKind::Max(window) => max(plane, &source, window, &mut group[to..], &output),
                        }
                    }
                }
            }
        });
        workspace.tensors[to.0] = out;
        self.put_kept(workspace, from, keep, kept);
    }

    pub(crate) fn pool_back(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        index: usize,
        gradient: GradId,
        target: &Target,
    ) {
        let program = &self.plan.program;
        let Forward::Pool { source: from, output, kind, .. } = &program.forward[index] else { return };
        if *target == Target::Nowhere {
            return;
        }
        let (source, output) = (*program.layout(*from), program.tensors[output.0]);
        let size = self.plan.chunk(&[&source, &output]);
        self.each_group(workspace, store, *from, target, size, &|shared, group, value, part| {
            part.fill(0.0);
            for local in 0..source.valid(group, self.batch) {
                let sample = group * source.samples + local;
                let dout = &shared.gradients[gradient.0][sample / output.samples * output.group_len()..];
                for channel in 0..source.extent.channels {
                    let at = channel * source.stride + source.row(local, 0);
                    let dout = &dout[channel * output.stride + output.row(sample % output.samples, 0)..];
                    match *kind {
                        PoolKind::GlobalAverage => spread(dout[0], &mut part[at..], &source),
                        PoolKind::Max(window) => {
                            let plane = &value[at..];
                            route(dout, &output, window, plane, &mut part[at..], &source);
                        }
                    }
                }
            }
            true
        });
    }
}

/// Mean of the pixels of one plane.
fn average(plane: &[f32], source: &Layout) -> f32 {
    let mut sum = 0.0;
    for y in 0..source.extent.height {
        let row = &plane[y * source.pitch..][..source.extent.width];
        sum += row.iter().map(|&x| f64::from(x)).sum::<f64>();
    }
    (sum / source.extent.area() as f64) as f32
}

/// The gradient of a mean, at every pixel.
fn spread(dout: f32, plane: &mut [f32], source: &Layout) {
    let share = dout / source.extent.area() as f32;
    for y in 0..source.extent.height {
        plane[y * source.pitch..][..source.extent.width].fill(share);
    }
}

/// Largest pixel of each window.
fn max(plane: &[f32], source: &Layout, window: PoolWindow, out: &mut [f32], output: &Layout) {
    for oy in 0..output.extent.height {
        let rows = window.covers(oy, source.extent.height);
        let out = &mut out[oy * output.pitch..][..output.extent.width];
        for (ox, out) in out.iter_mut().enumerate() {
            let columns = window.covers(ox, source.extent.width);
            let first = plane[rows.start * source.pitch + columns.start];
            *out = rows.clone().fold(first, |best, y| {
                let row = &plane[y * source.pitch..][columns.clone()];
                row.iter().fold(best, |best, &x| if beats(x, best) { x } else { best })
            });
        }
    }
}

/// Whether `x` takes the place of the largest number so far: it is larger, or not a number, which must not be lost.
fn beats(x: f32, best: f32) -> bool {
    x > best || x.is_nan()
}

/// Adds each output's gradient to its window's first largest pixel.
fn route(
    dout: &[f32],
    output: &Layout,
    window: PoolWindow,
    plane: &[f32],
    gradient: &mut [f32],
    source: &Layout,
) {
    for oy in 0..output.extent.height {
        let rows = window.covers(oy, source.extent.height);
        for ox in 0..output.extent.width {
            let columns = window.covers(ox, source.extent.width);
            gradient[winner(plane, source.pitch, rows.clone(), columns)] += dout[oy * output.pitch + ox];
        }
    }
}

fn winner(plane: &[f32], pitch: usize, rows: Range<usize>, columns: Range<usize>) -> usize {
    let mut best = rows.start * pitch + columns.start;
    for y in rows {
        for x in columns.clone() {
            if beats(plane[y * pitch + x], plane[best]) {
                best = y * pitch + x;
            }
        }
    }
    best
}
