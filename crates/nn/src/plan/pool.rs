//! Global average pools and max pools, forward and backward.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::layout::Layout;
use super::program::{Forward, PoolKind, TensorId, ValueId};
use super::schedule::{GradId, Target};
use super::workspace::Workspace;
use crate::graph::PoolWindow;
use crate::params::ParamStore;
use rarefy_kernels::MAX_LANES;
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
        for_each_chunk(self.parallel, 0..self.batch.div_ceil(size), outputs, &|chunk, (out, keep)| {
            let scratch = &mut *shared.scratch();
            let mut keep = keep.data.chunks_exact_mut(source.group_len());
            let groups = out.data.chunks_exact_mut(output.group_len());
            for (group, out) in self.chunk_groups(chunk, size).zip(groups) {
                let flat = &mut scratch.flat[..source.group_len()];
                self.evaluate_whole(shared, from, group, flat, keep.next());
                for (channel, plane) in flat.chunks_exact(source.plane()).enumerate() {
                    let out = &mut out[output.at(0, channel, 0)..];
                    match kind {
                        PoolKind::GlobalAverage => average(plane, &source, out),
                        PoolKind::Max(window) => max(plane, &source, window, out, &output),
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
        let program = self.program;
        let Forward::Pool { source: from, output, kind, .. } = &program.forward[index] else { return };
        if *target == Target::Nowhere {
            return;
        }
        let (source, output) = (*program.layout(*from), program.tensors[output.0]);
        self.each_group(workspace, store, *from, target, &|shared, group, value, part| {
            let dout = &shared.gradients[gradient.0][group * output.group_len()..][..output.group_len()];
            let planes = part.chunks_exact_mut(source.plane()).zip(value.chunks_exact(source.plane()));
            for (channel, (part, value)) in planes.enumerate() {
                let dout = &dout[output.at(0, channel, 0)..];
                match *kind {
                    PoolKind::GlobalAverage => spread(dout, part, &source),
                    PoolKind::Max(window) => route(dout, &output, window, value, part, &source),
                }
            }
            true
        });
    }
}

/// Mean of the pixels of one plane, of each sample.
fn average(plane: &[f32], source: &Layout, out: &mut [f32]) {
    let mut sums = [0.0; MAX_LANES];
    for pixel in plane.chunks_exact(source.lanes) {
        sums.iter_mut().zip(pixel).for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let area = source.extent.area() as f64;
    out[..source.lanes].iter_mut().zip(sums).for_each(|(out, sum)| *out = (sum / area) as f32);
}

/// The gradient of a mean, at every pixel.
fn spread(dout: &[f32], plane: &mut [f32], source: &Layout) {
    let area = source.extent.area() as f32;
    for pixel in plane.chunks_exact_mut(source.lanes) {
        pixel.iter_mut().zip(dout).for_each(|(pixel, &dout)| *pixel = dout / area);
    }
}

/// Largest pixel of each window.
fn max(plane: &[f32], source: &Layout, window: PoolWindow, out: &mut [f32], output: &Layout) {
    for_each_window(source, window, output, |at, rows, columns| {
        let out = &mut out[at..][..source.lanes];
        let width = source.extent.width;
        out.copy_from_slice(&plane[(rows.start * width + columns.start) * source.lanes..][..source.lanes]);
        for pixel in pixels(rows, columns, width) {
            let pixel = &plane[pixel * source.lanes..][..source.lanes];
            for (best, &x) in out.iter_mut().zip(pixel) {
                *best = if beats(x, *best) { x } else { *best };
            }
        }
    });
}

/// Whether `x` takes the place of the largest number so far: it is larger, or not a number, which must not be lost.
fn beats(x: f32, best: f32) -> bool {
    x > best || x.is_nan()
}

/// Gives each output's gradient to its window's first largest pixel, sums where windows overlap.
fn route(
    dout: &[f32],
    output: &Layout,
    window: PoolWindow,
    plane: &[f32],
    gradient: &mut [f32],
    source: &Layout,
) {
    let (lanes, width) = (source.lanes, source.extent.width);
    gradient.fill(0.0);
    for_each_window(source, window, output, |at, rows, columns| {
        let first = rows.start * width + columns.start;
        let (mut winners, mut best) = ([first as u32; MAX_LANES], [0.0; MAX_LANES]);
        best[..lanes].copy_from_slice(&plane[first * lanes..][..lanes]);
        // No branches: all lanes at once.
        for pixel in pixels(rows.clone(), columns.clone(), width) {
            let numbers = &plane[pixel * lanes..][..lanes];
            for ((winner, best), &x) in winners.iter_mut().zip(&mut best).zip(numbers) {
                let beats = beats(x, *best);
                *winner = if beats { pixel as u32 } else { *winner };
                *best = if beats { x } else { *best };
            }
        }
        let dout = &dout[at..][..lanes];
        for pixel in pixels(rows, columns, width) {
            let gradient = &mut gradient[pixel * lanes..][..lanes];
            for ((gradient, &winner), &dout) in gradient.iter_mut().zip(&winners).zip(dout) {
                *gradient += if winner == pixel as u32 { dout } else { 0.0 };
            }
        }
    });
}

/// Calls `visit(place in the output's plane, rows, columns)` with what each window covers.
fn for_each_window(
    source: &Layout,
    window: PoolWindow,
    output: &Layout,
    mut visit: impl FnMut(usize, Range<usize>, Range<usize>),
) {
    for y in 0..output.extent.height {
        for x in 0..output.extent.width {
            let rows = window.covers(y, source.extent.height);
            visit(output.at(0, 0, y) + x * output.lanes, rows, window.covers(x, source.extent.width));
        }
    }
}

/// Pixels of a window, row by row.
fn pixels(rows: Range<usize>, columns: Range<usize>, width: usize) -> impl Iterator<Item = usize> {
    rows.flat_map(move |y| columns.clone().map(move |x| y * width + x))
}
