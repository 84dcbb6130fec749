//! The forward pass.

use super::chunks::{Chunks, for_each_chunk};
use super::clock::Part;
use super::layout::Layout;
use super::program::{Convolve, Forward, NormId, ValueId};
use super::workspace::{Scratch, Workspace};
use super::{Mode, Pass, Plan};
use crate::params::{Column, ParamStore};
use rarefy_kernels::{Ahead, Epilogue, MAX_LANES, Moments, Write, plane_sums, row_moments, spmm};
use std::mem::take;
use std::ops::Range;

impl Pass<'_> {
    /// Runs all operations on `images` (NCHW); afterwards the logits' tensor and every stored value are filled,
    /// unless the pass was interrupted.
    pub(crate) fn forward(&self, workspace: &mut Workspace, store: &ParamStore, images: &[f32]) {
        self.begin(workspace, store, images);
        for index in 0..self.program.forward.len() {
            if self.runner.is_interrupted() {
                return;
            }
            self.forward_op(workspace, store, index);
        }
    }

    /// What comes before all operations.
    pub(crate) fn begin(&self, workspace: &mut Workspace, store: &ParamStore, images: &[f32]) {
        workspace.clock.next(Plan::IMAGES);
        self.load(workspace, images);
        if self.mode == Mode::Eval {
            self.running_statistics(workspace, store);
        }
    }

    /// One operation of the forward pass.
    pub(crate) fn forward_op(&self, workspace: &mut Workspace, store: &ParamStore, index: usize) {
        workspace.clock.next(self.plan.forward_span(index));
        match &self.program.forward[index] {
            Forward::Convolve(convolve) => self.convolve(workspace, store, convolve),
            Forward::Pool { source, keep, output, kind } => {
                self.pool(workspace, *source, *keep, *output, *kind);
            }
            Forward::Store { value } => self.store(workspace, *value),
            Forward::Measure { norm } => self.measure(workspace, store, *norm),
        }
    }

    pub(crate) fn samples(&self, chunk: usize, size: usize) -> Range<usize> {
        chunk * size..((chunk + 1) * size).min(self.batch)
    }

    /// Groups of a chunk of `size` samples.
    pub(crate) fn chunk_groups(&self, chunk: usize, size: usize) -> Range<usize> {
        let Range { start, end } = self.samples(chunk, size);
        start / self.plan.isa.lanes()..end.div_ceil(self.plan.isa.lanes())
    }

    /// Copies the images into the lanes of tensor 0.
    fn load(&self, workspace: &mut Workspace, images: &[f32]) {
        let layout = self.program.tensors[0];
        let size = self.plan.chunk();
        let chunks = self.batch.div_ceil(size);
        let (len, lanes) = (layout.extent.len(), layout.lanes);
        let out = Chunks::new(&mut workspace.tensors[0], layout.len(size));
        for_each_chunk(self.runner, 0..chunks, out, &|chunk, out| {
            let range = self.samples(chunk, size);
            let images = images[range.start * len..range.end * len].chunks(lanes * len);
            let (width, area) = (layout.extent.width, layout.extent.area());
            for (group, images) in out.data.chunks_exact_mut(layout.group_len()).zip(images) {
                if images.len() < lanes * len {
                    group.fill(0.0);
                }
                // Row by row, so that its lines stay in cache while every sample writes to them.
                for (row, pixels) in group.chunks_exact_mut(layout.columns()).enumerate() {
                    let (y, channel) = (row / layout.extent.channels, row % layout.extent.channels);
                    for (sample, image) in images.chunks_exact(len).enumerate() {
                        let image = &image[channel * area + y * width..][..width];
                        for (pixel, &x) in pixels.chunks_exact_mut(lanes).zip(image) {
                            pixel[sample] = x;
                        }
                    }
                }
            }
        });
    }

    fn convolve(&self, workspace: &mut Workspace, store: &ParamStore, op: &Convolve) {
        let program = self.program;
        let (source, output) = (*program.layout(op.source), program.tensors[op.output.0]);
        let (size, g) = (self.plan.chunk(), &op.geometry);
        let chunks = self.batch.div_ceil(size);
        let mut out = take(&mut workspace.tensors[op.output.0]);
        let mut moments = take(&mut workspace.moments);
        let mut kept = self.take_kept(workspace, op.source, op.keep);
        let measured = if op.norm.is_some() && self.mode == Mode::Train { output.extent.channels } else { 0 };
        let bias = op.bias.map_or(&self.plan.zeros[..], |bias| store.slice(bias, Column::Value));
        let outputs = (
            Chunks::new(&mut out[..], output.len(size)),
            Chunks::new(&mut kept[..], source.len(size)),
            Chunks::new(&mut moments[..chunks * measured], measured),
        );
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..chunks, outputs, &|chunk, (out, keep, moments)| {
            let scratch = &mut *shared.scratch();
            g.clear_sides(&mut scratch.tile, g.read);
            let mut fresh = true;
            let groups = self.chunk_groups(chunk, size);
            for (local, group) in groups.clone().enumerate() {
                let mut keep = keep.data.chunks_exact_mut(source.group_len()).nth(local);
                for strip in g.strips() {
                    let tile = &mut scratch.tile[..];
                    self.fill_input(shared, op, group, &strip, g.read, tile, keep.as_deref_mut());
                    scratch.clock.lap(Part::Evaluate);
                    let rows = g.output_rows(&strip);
                    if !rows.is_empty() {
                        let row = output.grid().row;
                        let at = local * output.group_len() + rows.start * row;
                        let (now, later) = out.data[at..].split_at_mut(rows.len() * row);
                        let mut ahead = Ahead::default();
                        if let Some((group, strip)) = g.next(group, &strip, groups.end) {
                            let run = g.source_run(&source, &strip);
                            let slices = self.source_ahead(shared, op.source, group, run, op.keep);
                            ahead.slices[..2].copy_from_slice(&slices);
                            if self.program.writes[op.output.0] == Write::Cached {
                                ahead.slices[2] = &later[..now.len().min(later.len())];
                            }
                        }
                        let height = rows.len();
                        self.multiply(op, group, height, bias, measured > 0, fresh, scratch, now, ahead);
                        fresh = false;
                    }
                }
            }
            let count = (self.samples(chunk, size).len() * output.extent.area()) as f64;
            let sums = scratch.lane_sums.chunks_exact(2 * MAX_LANES);
            for ((moments, sums), &shift) in moments.data.iter_mut().zip(sums).zip(&scratch.shift) {
                *moments = Moments::from_shifted(sums, shift, count);
            }
        });
        if let Some(norm) = op.norm
            && self.mode == Mode::Train
        {
            self.batch_statistics(workspace, store, norm, &moments[..chunks * measured]);
        }
        workspace.tensors[op.output.0] = out;
        workspace.moments = moments;
        self.put_kept(workspace, op.source, op.keep, kept);
    }

    /// One strip's products, with statistics in the epilogue. The first strip of a chunk (`fresh`) sets the shift.
    fn multiply(
        &self,
        op: &Convolve,
        group: usize,
        height: usize,
        bias: &[f32],
        measure: bool,
        fresh: bool,
        scratch: &mut Scratch,
        out: &mut [f32],
        ahead: Ahead<'_>,
    ) {
        let (isa, g) = (self.plan.isa, &op.geometry);
        let taps = self.plan.layers[op.layer].forward.taps(&self.weights.layers[op.layer][0]);
        let mask = self.program.masks.get(group, self.batch);
        let layout = &self.program.tensors[op.output.0];
        let (grid, channels) = (layout.grid(), layout.extent.channels);
        let (columns, write) = (g.output_columns(), self.program.writes[op.output.0]);
        let Scratch { tile, partial, lane_sums, shift, unread, clock, .. } = scratch;
        let sums = &mut lane_sums[..channels * 2 * MAX_LANES];
        if measure && !fresh {
            let shift = &shift[..channels];
            let epilogue = Epilogue::Moments { mask, shift, sums };
            spmm(isa, taps, tile, g.tile.row, out, grid, height, columns, epilogue, write, partial, ahead);
            clock.lap(Part::Multiply);
            return;
        }
        let epilogue = Epilogue::Bias { bias: &bias[..channels], mask };
        let write = if measure { Write::Cached } else { write };
        spmm(isa, taps, tile, g.tile.row, out, grid, height, columns, epilogue, write, partial, ahead);
        clock.lap(Part::Multiply);
        if measure {
            self.shift_and_measure(layout, mask, height, out, &mut unread[..channels], shift, sums);
            clock.lap(Part::Moments);
        }
    }

    /// Starts a chunk's moments: the shift is the mean of its first `rows` rows, placed as `layout` says.
    fn shift_and_measure(
        &self,
        layout: &Layout,
        mask: &[f32],
        rows: usize,
        planes: &[f32],
        means: &mut [f64],
        shift: &mut [f32],
        sums: &mut [f32],
    ) {
        let (isa, grid, columns) = (self.plan.isa, layout.grid(), layout.columns());
        means.fill(0.0);
        sums.fill(0.0);
        plane_sums(isa, planes, grid, rows, columns, means);
        let samples: f32 = mask.iter().sum();
        let count = f64::from(samples) * (rows * layout.extent.width) as f64;
        for (shift, &sum) in shift.iter_mut().zip(&*means) {
            *shift = (sum / count) as f32;
        }
        row_moments(isa, planes, grid, rows, columns, mask, shift, sums);
    }

    fn store(&self, workspace: &mut Workspace, id: ValueId) {
        let layout = *self.program.layout(id);
        let size = self.plan.chunk();
        let mut kept = self.take_kept(workspace, id, true);
        let outputs = Chunks::new(&mut kept[..], layout.len(size));
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..self.batch.div_ceil(size), outputs, &|chunk, keep| {
            let scratch = &mut *shared.scratch();
            let groups = keep.data.chunks_exact_mut(layout.group_len());
            for (group, keep) in self.chunk_groups(chunk, size).zip(groups) {
                let planes = &mut scratch.flat[..layout.group_len()];
                self.evaluate_whole(shared, id, group, planes, Some(keep));
            }
        });
        self.put_kept(workspace, id, true, kept);
    }

    fn measure(&self, workspace: &mut Workspace, store: &ParamStore, id: NormId) {
        if self.mode == Mode::Eval {
            return;
        }
        let tensor = self.program.norms[id.0].tensor;
        let layout = self.program.tensors[tensor.0];
        let Layout { extent, .. } = layout;
        let (size, isa) = (self.plan.chunk(), self.plan.isa);
        let (chunks, channels) = (self.batch.div_ceil(size), extent.channels);
        let mut moments = take(&mut workspace.moments);
        let shared = &*workspace;
        let outputs = Chunks::new(&mut moments[..chunks * channels], channels);
        for_each_chunk(self.runner, 0..chunks, outputs, &|chunk, moments| {
            let Scratch { lane_sums, shift, unread, .. } = &mut *shared.scratch();
            let sums = &mut lane_sums[..channels * 2 * MAX_LANES];
            let (grid, rows, columns) = (layout.grid(), extent.height, layout.columns());
            for (local, group) in self.chunk_groups(chunk, size).enumerate() {
                let mask = self.program.masks.get(group, self.batch);
                let planes = &shared.tensors[tensor.0][group * layout.group_len()..][..layout.group_len()];
                if local == 0 {
                    let means = &mut unread[..channels];
                    self.shift_and_measure(&layout, mask, rows, planes, means, shift, sums);
                } else {
                    row_moments(isa, planes, grid, rows, columns, mask, shift, sums);
                }
            }
            let count = (self.samples(chunk, size).len() * extent.area()) as f64;
            let sums = sums.chunks_exact(2 * MAX_LANES);
            for ((moments, sums), &shift) in moments.data.iter_mut().zip(sums).zip(&*shift) {
                *moments = Moments::from_shifted(sums, shift, count);
            }
        });
        self.batch_statistics(workspace, store, id, &moments[..chunks * channels]);
        workspace.moments = moments;
    }

    /// The tensor that an operation stores its source in, taken out of the workspace while it is written.
    pub(crate) fn take_kept(
        &self,
        workspace: &mut Workspace,
        id: ValueId,
        keep: bool,
    ) -> rarefy_kernels::Buffer {
        match self.program.values[id.0].stored {
            Some(tensor) if keep => take(&mut workspace.tensors[tensor.0]),
            _ => rarefy_kernels::Buffer::default(),
        }
    }

    pub(crate) fn put_kept(
        &self,
        workspace: &mut Workspace,
        id: ValueId,
        keep: bool,
        kept: rarefy_kernels::Buffer,
    ) {
        if let Some(tensor) = self.program.values[id.0].stored.filter(|_| keep) {
            workspace.tensors[tensor.0] = kept;
        }
    }
}
