//! The forward pass.

use super::chunks::{Chunks, for_each_chunk};
use super::clock::Part;
use super::geometry::Geometry;
use super::layout::Layout;
use super::program::{Convolve, Forward, NormId, TensorId, ValueId};
use super::workspace::{Scratch, Workspace};
use super::{Mode, Pass, Plan};
use crate::params::{Column, ParamStore};
use rarefy_kernels::{Ahead, Epilogue, Moments, Term, combine, plane_sums, row_moments, spmm_ahead};
use std::mem::take;
use std::ops::Range;

/// Where an evaluated group goes: plane `c` at `lead + c * stride`.
pub(crate) struct Into<'a> {
    pub(crate) planes: &'a mut [f32],
    pub(crate) lead: usize,
    pub(crate) stride: usize,
    /// Stores the value too, as its tensor is placed.
    pub(crate) keep: Option<&'a mut [f32]>,
}

impl Pass<'_> {
    /// Runs all operations on `images` (NCHW); afterwards the logits' tensor and every stored value are filled.
    pub(crate) fn forward(&self, workspace: &mut Workspace, store: &ParamStore, images: &[f32]) {
        workspace.clock.next(Plan::IMAGES);
        self.load(workspace, images);
        if self.mode == Mode::Eval {
            self.running_statistics(workspace, store);
        }
        for (index, op) in self.plan.program.forward.iter().enumerate() {
            workspace.clock.next(self.plan.forward_span(index));
            match op {
                Forward::Convolve(convolve) => self.convolve(workspace, store, convolve),
                Forward::Pool { source, keep, output, kind } => {
                    self.pool(workspace, *source, *keep, *output, *kind);
                }
                Forward::Store { value } => self.store(workspace, *value),
                Forward::Measure { norm } => self.measure(workspace, store, *norm),
            }
        }
    }

    pub(crate) fn samples(&self, chunk: usize, size: usize) -> Range<usize> {
        chunk * size..((chunk + 1) * size).min(self.batch)
    }

    /// Copies the images into the planes of tensor 0.
    fn load(&self, workspace: &mut Workspace, images: &[f32]) {
        let layout = self.plan.program.tensors[0];
        let Layout { extent, samples, .. } = layout;
        let size = self.plan.chunk(&[&layout]);
        let chunks = self.batch.div_ceil(size);
        let out = Chunks::new(&mut workspace.tensors[0], size / samples * layout.group_len());
        for_each_chunk(self.parallel, 0..chunks, out, &|chunk, out| {
            let range = self.samples(chunk, size);
            let groups = layout.groups(range.len());
            out.data[..groups * layout.group_len()].fill(0.0);
            for (local, sample) in range.enumerate() {
                let group = local / samples * layout.group_len();
                for channel in 0..extent.channels {
                    for y in 0..extent.height {
                        let from = (sample * extent.channels + channel) * extent.area() + y * extent.width;
                        let to = group + channel * layout.stride + layout.row(local % samples, y);
                        out.data[to..to + extent.width].copy_from_slice(&images[from..from + extent.width]);
                    }
                }
            }
        });
    }

    /// Evaluates one group of a value: from its store unless it is to be stored now, else from its terms.
    pub(crate) fn evaluate(&self, workspace: &Workspace, id: ValueId, group: usize, into: Into<'_>) {
        let program = &self.plan.program;
        let value = &program.values[id.0];
        let layout = program.layout(id);
        let planes = |tensor: TensorId| {
            let start = group * layout.group_len();
            &workspace.tensors[tensor.0][start..start + layout.group_len()]
        };
        let mask = program.mask(value.terms[0].tensor, layout.valid(group, self.batch));
        let Into { planes: out, lead, stride, keep } = into;
        let mut run = |terms: &[Term<'_>], relu: bool, keep: Option<&mut [f32]>| {
            let (from, n, channels) = (layout.stride, layout.positions, layout.extent.channels);
            combine(self.plan.isa, terms, relu, mask, from, n, out, lead, stride, keep, channels);
        };
        if let (Some(tensor), None) = (value.stored, &keep) {
            return run(&[Term { planes: planes(tensor), affine: None }], false, None);
        }
        let term = |index: usize| {
            let term = value.terms[index];
            let affine = term.norm.map(|norm| {
                let norm = &workspace.norms[norm.0];
                (&norm.scale[..], &norm.shift[..])
            });
            Term { planes: planes(term.tensor), affine }
        };
        match value.terms.len() {
            1 => run(&[term(0)], value.relu, keep),
            _ => run(&[term(0), term(1)], value.relu, keep),
        }
    }

    /// Evaluates the source groups of `unit` samples from `start` on into `flat`.
    pub(crate) fn evaluate_flat(
        &self,
        workspace: &Workspace,
        source: ValueId,
        samples: Range<usize>,
        flat: &mut [f32],
        keep: &mut [f32],
    ) {
        let layout = self.plan.program.layout(source);
        let len = layout.group_len();
        for (local, group) in (samples.start / layout.samples..layout.groups(samples.end)).enumerate() {
            let keep = keep.get_mut(local * len..(local + 1) * len);
            let planes = &mut flat[local * len..(local + 1) * len];
            self.evaluate(workspace, source, group, Into { planes, lead: 0, stride: layout.stride, keep });
        }
    }

    /// The input tile of the output group that starts at sample `start`, from `flat` (which starts at sample `origin`).
    pub(crate) fn relayout(
        &self,
        geometry: &Geometry,
        source: &Layout,
        origin: usize,
        start: usize,
        flat: &[f32],
        tile: &mut [f32],
    ) {
        let channels = geometry.window.input.channels;
        for local in 0..geometry.samples.min(self.batch - start) {
            let at = start + local - origin;
            let group = &flat[at / source.samples * source.group_len()..][..source.group_len()];
            let step = geometry.window.stride;
            geometry.for_each_phase(source, at % source.samples, |phase, offset, rows, pixels| {
                for channel in 0..channels {
                    let from = &group[channel * source.stride + offset..];
                    let to = geometry.lead
                        + (phase * channels + channel) * geometry.tile_stride
                        + local * geometry.rows * geometry.pitch;
                    for y in 0..rows {
                        let to = &mut tile[to + y * geometry.pitch..][..pixels];
                        pick(&from[y * step * source.pitch..], to, step);
                    }
                }
            });
        }
    }

    fn convolve(&self, workspace: &mut Workspace, store: &ParamStore, op: &Convolve) {
        let program = &self.plan.program;
        let (source, output) = (*program.layout(op.source), program.tensors[op.output.0]);
        let size = self.plan.chunk(&[&source, &output]);
        let chunks = self.batch.div_ceil(size);
        let mut out = take(&mut workspace.tensors[op.output.0]);
        let mut moments = take(&mut workspace.moments);
        let mut kept = self.take_kept(workspace, op.source, op.keep);
        let measured = if op.norm.is_some() && self.mode == Mode::Train { output.extent.channels } else { 0 };
        let bias = op.bias.map_or(&self.plan.zeros[..], |bias| store.slice(bias, Column::Value));
        let outputs = (
            Chunks::new(&mut out[..], size / output.samples * output.group_len()),
            Chunks::new(&mut kept[..], size / source.samples * source.group_len()),
            Chunks::new(&mut moments[..chunks * measured], measured),
        );
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..chunks, outputs, &|chunk, (out, keep, moments)| {
            let scratch = &mut *shared.scratch();
            scratch.tile[..op.geometry.tile_len].fill(0.0);
            let range = self.samples(chunk, size);
            let unit = source.samples.max(output.samples);
            for start in range.clone().step_by(unit) {
                let samples = start..(start + unit).min(range.end);
                let at = (start - range.start) / source.samples * source.group_len();
                let keep = keep.data.get_mut(at..).unwrap_or_default();
                if !op.geometry.direct {
                    self.evaluate_flat(shared, op.source, samples.clone(), &mut scratch.flat, keep);
                }
                for first in samples.clone().step_by(output.samples) {
                    let group = first / output.samples;
                    if op.geometry.direct {
                        let keep = keep.get_mut(..source.group_len());
                        let (lead, stride) = (op.geometry.lead, op.geometry.tile_stride);
                        let planes = &mut scratch.tile[..];
                        self.evaluate(shared, op.source, group, Into { planes, lead, stride, keep });
                    } else {
                        let (flat, tile) = (&scratch.flat, &mut scratch.tile);
                        self.relayout(&op.geometry, &source, samples.start, first, flat, tile);
                    }
                    scratch.clock.lap(Part::Evaluate);
                    let at = (first - range.start) / output.samples * output.group_len();
                    let (planes, next) = out.data[at..].split_at_mut(output.group_len());
                    let ahead = self.ahead(shared, op.source, &output, first, range.end, next);
                    let fresh = first == range.start;
                    self.multiply(
                        shared,
                        op,
                        &output,
                        group,
                        bias,
                        measured > 0,
                        fresh,
                        scratch,
                        planes,
                        ahead,
                    );
                }
            }
            let count = (range.len() * output.extent.area()) as f64;
            let sums = scratch.lane_sums.chunks_exact(2 * rarefy_kernels::MAX_LANES);
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

    /// What the group of samples after `first` will touch: the source's planes and the output's.
    fn ahead<'b>(
        &self,
        workspace: &'b Workspace,
        source: ValueId,
        output: &Layout,
        first: usize,
        end: usize,
        next: &'b [f32],
    ) -> Ahead<'b> {
        let mut ahead = Ahead::default();
        if first + output.samples < end {
            let slices = self.planes_ahead(workspace, source, first + output.samples, output.samples);
            (ahead.slices[0], ahead.slices[1]) = (slices[0], slices[1]);
            ahead.slices[2] = &next[..output.group_len().min(next.len())];
        }
        ahead
    }

    /// Planes that evaluating `source` for `count` samples from `start` on reads.
    pub(crate) fn planes_ahead<'b>(
        &self,
        workspace: &'b Workspace,
        source: ValueId,
        start: usize,
        count: usize,
    ) -> [&'b [f32]; 2] {
        let program = &self.plan.program;
        let value = &program.values[source.0];
        let layout = program.layout(source);
        let here = start / layout.samples * layout.group_len();
        let len = count.div_ceil(layout.samples) * layout.group_len();
        let planes = |tensor: TensorId| workspace.tensors[tensor.0].get(here..here + len).unwrap_or_default();
        match (value.stored.map(planes), &value.terms[..]) {
            (Some(stored), _) if !stored.is_empty() => [stored, &[]],
            (_, [one]) => [planes(one.tensor), &[]],
            (_, terms) => [planes(terms[0].tensor), planes(terms[1].tensor)],
        }
    }

    /// One group's products, with statistics in the epilogue. The first group of a chunk (`fresh`) sets the shift.
    fn multiply(
        &self,
        workspace: &Workspace,
        op: &Convolve,
        output: &Layout,
        group: usize,
        bias: &[f32],
        measure: bool,
        fresh: bool,
        scratch: &mut Scratch,
        out: &mut [f32],
        ahead: Ahead<'_>,
    ) {
        let isa = self.plan.isa;
        let taps = self.plan.layers[op.layer].forward.taps(&workspace.weights[op.layer].0);
        let valid = output.valid(group, self.batch);
        let mask = self.plan.program.mask(op.output, valid);
        let (n, channels) = (output.positions, output.extent.channels);
        let Scratch { tile, lane_sums, shift, unread, clock, .. } = scratch;
        let sums = &mut lane_sums[..channels * 2 * rarefy_kernels::MAX_LANES];
        if !measure || fresh {
            let bias = &bias[..channels];
            spmm_ahead(isa, taps, tile, out, output.stride, n, Epilogue::Bias { bias, mask }, ahead);
            clock.lap(Part::Multiply);
            if measure {
                self.shift_and_measure(output, valid, mask, out, &mut unread[..channels], shift, sums);
                clock.lap(Part::Moments);
            }
        } else {
            let shift = &shift[..channels];
            let epilogue = Epilogue::Moments { mask, shift, sums };
            spmm_ahead(isa, taps, tile, out, output.stride, n, epilogue, ahead);
            clock.lap(Part::Multiply);
        }
    }

    /// Starts a chunk's moments: the shift is the mean of its first group.
    fn shift_and_measure(
        &self,
        layout: &Layout,
        valid: usize,
        mask: &[f32],
        planes: &[f32],
        means: &mut [f64],
        shift: &mut [f32],
        sums: &mut [f32],
    ) {
        means.fill(0.0);
        sums.fill(0.0);
        plane_sums(self.plan.isa, planes, layout.stride, layout.positions, means);
        let count = (valid * layout.extent.area()) as f64;
        for (shift, &sum) in shift.iter_mut().zip(&*means) {
            *shift = (sum / count) as f32;
        }
        row_moments(self.plan.isa, planes, layout.stride, layout.positions, mask, shift, sums);
    }

    fn store(&self, workspace: &mut Workspace, id: ValueId) {
        let layout = *self.plan.program.layout(id);
        let size = self.plan.chunk(&[&layout]);
        let mut kept = self.take_kept(workspace, id, true);
        let outputs = Chunks::new(&mut kept[..], size / layout.samples * layout.group_len());
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..self.batch.div_ceil(size), outputs, &|chunk, keep| {
            let scratch = &mut *shared.scratch();
            let range = self.samples(chunk, size);
            for start in range.clone().step_by(layout.samples) {
                let at = (start - range.start) / layout.samples * layout.group_len();
                let keep = Some(&mut keep.data[at..at + layout.group_len()]);
                let planes = &mut scratch.flat[..layout.group_len()];
                let into = Into { planes, lead: 0, stride: layout.stride, keep };
                self.evaluate(shared, id, start / layout.samples, into);
            }
        });
        self.put_kept(workspace, id, true, kept);
    }

    fn measure(&self, workspace: &mut Workspace, store: &ParamStore, id: NormId) {
        if self.mode == Mode::Eval {
            return;
        }
        let tensor = self.plan.program.norms[id.0].tensor;
        let layout = self.plan.program.tensors[tensor.0];
        let size = self.plan.chunk(&[&layout]);
        let (chunks, channels) = (self.batch.div_ceil(size), layout.extent.channels);
        let mut moments = take(&mut workspace.moments);
        let shared = &*workspace;
        let outputs = Chunks::new(&mut moments[..chunks * channels], channels);
        for_each_chunk(self.parallel, 0..chunks, outputs, &|chunk, moments| {
            let Scratch { lane_sums, shift, unread, .. } = &mut *shared.scratch();
            let sums = &mut lane_sums[..channels * 2 * rarefy_kernels::MAX_LANES];
            let range = self.samples(chunk, size);
            for start in range.clone().step_by(layout.samples) {
                let group = start / layout.samples;
                let valid = layout.valid(group, self.batch);
                let mask = self.plan.program.mask(tensor, valid);
                let planes = &shared.tensors[tensor.0][group * layout.group_len()..][..layout.group_len()];
                if start == range.start {
                    let means = &mut unread[..channels];
                    self.shift_and_measure(&layout, valid, mask, planes, means, shift, sums);
                } else {
                    let (stride, n) = (layout.stride, layout.positions);
                    row_moments(self.plan.isa, planes, stride, n, mask, shift, sums);
                }
            }
            let count = (range.len() * layout.extent.area()) as f64;
            let sums = sums.chunks_exact(2 * rarefy_kernels::MAX_LANES);
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
        match self.plan.program.values[id.0].stored {
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
        if let Some(tensor) = self.plan.program.values[id.0].stored.filter(|_| keep) {
            workspace.tensors[tensor.0] = kept;
        }
    }
}

/// `to[i] = from[i * step]` for steps of 1 and 2.
fn pick(from: &[f32], to: &mut [f32], step: usize) {
    if step == 1 {
        return to.copy_from_slice(&from[..to.len()]);
    }
    // Whole pairs vectorize; the last pixel's partner may lie beyond the plane.
    let pairs = from.chunks_exact(2);
    let last = from.len().div_ceil(2) - 1;
    if let Some(to) = to.get_mut(last) {
        *to = from[2 * last];
    }
    for (to, pair) in to.iter_mut().zip(pairs) {
        *to = pair[0];
    }
}
