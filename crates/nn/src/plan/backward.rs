//! The backward pass.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::clock::Part;
use super::dense::DenseGradients;
use super::finish::Group;
use super::forward::Into;
use super::geometry::Geometry;
use super::layer::CompiledLayer;
use super::layout::Layout;
use super::program::{Convolve, Forward, ValueId};
use super::schedule::{Backward, GradId, Target};
use super::workspace::{Scratch, Workspace};
use crate::params::{Column, ParamStore};
use rarefy_kernels::{Buffer, Epilogue, Term, combine, plane_sums, reduce_accumulators, sddmm, spmm};
use std::mem::take;

impl Pass<'_> {
    /// Gradients of all parameters into the gradient column, after [`Pass::forward`] and [`Pass::loss`] on the same batch.
    pub(crate) fn backward(&self, workspace: &mut Workspace, store: &mut ParamStore) {
        self.backward_with(workspace, store, &mut None);
    }

    /// The same; with `dense`, the gradients of all positions go there, layer by layer.
    pub(crate) fn backward_with(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        dense: &mut Option<DenseGradients<'_>>,
    ) {
        for (index, op) in self.plan.schedule.backward.iter().enumerate() {
            workspace.clock.next(self.plan.backward_span(index));
            match op {
                Backward::Convolve { op, gradient, target } => {
                    self.convolve_back(workspace, store, *op, *gradient, target, dense);
                }
                Backward::Pool { op, gradient, target } => {
                    self.pool_back(workspace, store, *op, *gradient, target);
                }
                Backward::Finish { value, target } => self.finish_value(workspace, store, *value, target),
                Backward::Norm { value, term, gradient, out } => {
                    self.norm_back(workspace, *value, *term, *gradient, *out);
                }
            }
        }
    }

    /// The buffer a target writes, taken out of the workspace meanwhile.
    fn take_target(&self, workspace: &mut Workspace, target: &Target) -> Buffer {
        match target {
            Target::Nowhere => Buffer::default(),
            Target::Part { out } | Target::Finish { out, .. } => take(&mut workspace.gradients[out.0]),
        }
    }

    fn put_target(&self, workspace: &mut Workspace, target: &Target, buffer: Buffer) {
        if let Target::Part { out } | Target::Finish { out, .. } = target {
            workspace.gradients[out.0] = buffer;
        }
    }

    fn convolve_back(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        index: usize,
        gradient: GradId,
        target: &Target,
        dense: &mut Option<DenseGradients<'_>>,
    ) {
        let program = &self.plan.program;
        let Forward::Convolve(op) = &program.forward[index] else { return };
        let (source, output) = (*program.layout(op.source), program.tensors[op.output.0]);
        if let Some(dense) = dense {
            dense.compile(self.plan, workspace, op);
        }
        // The layer whose weight gradient is computed: all of it if that is asked for.
        let layer = dense.as_ref().map_or(&self.plan.layers[op.layer], |dense| dense.layer());
        let size = self.plan.weight_chunk_for(op, layer.forward.order.len());
        let chunks = self.batch.div_ceil(size);
        let mut out = self.take_target(workspace, target);
        let mut sums = take(&mut workspace.sums);
        let mut accumulators = take(&mut workspace.accumulators);
        let mut bias_sums = take(&mut workspace.bias_sums);
        let channels = source.extent.channels;
        let weights = layer.forward.order.len() * self.plan.isa.lanes();
        let biases = if op.bias.is_some() { output.extent.channels } else { 0 };
        let out_per_chunk = if out.is_empty() { 0 } else { size / source.samples * source.group_len() };
        let outputs = (
            Chunks::new(&mut out[..], out_per_chunk),
            Chunks::new(&mut accumulators[..chunks * weights], weights),
            Chunks::new(&mut sums[..chunks * 3 * channels], 3 * channels),
            Chunks::new(&mut bias_sums[..chunks * biases], biases),
        );
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..chunks, outputs, &|chunk, (out, accumulators, sums, bias_sums)| {
            let scratch = &mut *shared.scratch();
            // Zeros around the pixels; the pixels themselves are overwritten group by group.
            scratch.tile[..op.geometry.tile_len].fill(0.0);
            scratch.gradient_tile[..op.geometry.gradient_len].fill(0.0);
            let accumulators = &mut accumulators.data[..weights];
            accumulators.fill(0.0);
            let sums = &mut sums.data[..3 * channels];
            sums.fill(0.0);
            let bias_sums = &mut bias_sums.data[..biases];
            bias_sums.fill(0.0);
            let range = self.samples(chunk, size);
            let unit = source.samples.max(output.samples);
            for start in range.clone().step_by(unit) {
                let samples = start..(start + unit).min(range.end);
                if !op.geometry.direct {
                    self.evaluate_flat(shared, op.source, samples.clone(), &mut scratch.flat, &mut []);
                    if *target != Target::Nowhere {
                        let groups = source.groups(samples.end) - start / source.samples;
                        scratch.flat_gradient[..groups * source.group_len()].fill(0.0);
                    }
                }
                for first in samples.clone().step_by(output.samples) {
                    let group = first / output.samples;
                    if op.geometry.direct {
                        let (lead, stride) = (op.geometry.lead, op.geometry.tile_stride);
                        let into = Into { planes: &mut scratch.tile, lead, stride, keep: None };
                        self.evaluate(shared, op.source, group, into);
                    } else {
                        let (flat, tile) = (&scratch.flat, &mut scratch.tile);
                        self.relayout(&op.geometry, &source, samples.start, first, flat, tile);
                    }
                    scratch.clock.lap(Part::Evaluate);
                    self.gradient_tile(shared, op, gradient, group, &mut scratch.gradient_tile);
                    scratch.clock.lap(Part::GradientTile);
                    self.products(shared, op, layer, &output, target, scratch, accumulators, bias_sums);
                    if *target == Target::Nowhere {
                        continue;
                    }
                    if op.geometry.direct {
                        let at = (first - range.start) / source.samples * source.group_len();
                        let out = &mut out.data[at..at + source.group_len()];
                        let evaluated = (&scratch.tile[..], op.geometry.lead, op.geometry.tile_stride);
                        let from = Some((&scratch.dx[..], op.geometry.dx_stride));
                        let (value, index) = (op.source, group);
                        let group = Group { value, target, index, from, evaluated, out, sums };
                        self.finish_group(shared, &mut scratch.unread, group);
                    } else {
                        let (dx, flat) = (&scratch.dx, &mut scratch.flat_gradient);
                        self.relayout_back(&op.geometry, &source, samples.start, first, dx, flat);
                    }
                    scratch.clock.lap(Part::Finish);
                }
                if !op.geometry.direct && *target != Target::Nowhere {
                    let groups = start / source.samples..source.groups(samples.end);
                    for (local, index) in groups.enumerate() {
                        let at = (start - range.start) / source.samples + local;
                        let out = &mut out.data[at * source.group_len()..(at + 1) * source.group_len()];
                        let here = local * source.group_len()..(local + 1) * source.group_len();
                        let evaluated = (&scratch.flat[here.clone()], 0, source.stride);
                        let from = Some((&scratch.flat_gradient[here], source.stride));
                        let value = op.source;
                        let group = Group { value, target, index, from, evaluated, out, sums };
                        self.finish_group(shared, &mut scratch.unread, group);
                    }
                    scratch.clock.lap(Part::Finish);
                }
            }
        });
        self.put_target(workspace, target, out);
        workspace.sums = sums;
        workspace.clock.lap(Part::Rest);
        match dense {
            None => {
                let gradient = store.slice_mut(op.weight, Column::Gradient);
                let accumulators = &accumulators[..chunks * weights];
                reduce_accumulators(self.plan.isa, accumulators, &layer.forward.order, gradient);
            }
            Some(dense) => dense.reduce(self.plan.isa, store, op, &accumulators[..chunks * weights]),
        }
        workspace.clock.lap(Part::Reduce);
        if let Some(bias) = op.bias {
            for (channel, gradient) in store.slice_mut(bias, Column::Gradient).iter_mut().enumerate() {
                let parts = bias_sums[..chunks * biases][channel..].iter().step_by(biases);
                *gradient = parts.sum::<f64>() as f32;
            }
        }
        workspace.accumulators = accumulators;
        workspace.bias_sums = bias_sums;
        self.finish_norms(workspace, store, op.source, target, chunks);
    }

    /// One group's gradient with respect to the convolution's raw output, zeros around it.
    fn gradient_tile(
        &self,
        workspace: &Workspace,
        op: &Convolve,
        gradient: GradId,
        group: usize,
        tile: &mut [f32],
    ) {
        let program = &self.plan.program;
        let layout = &program.tensors[op.output.0];
        let start = group * layout.group_len();
        let gradient = &workspace.gradients[gradient.0][start..start + layout.group_len()];
        let mask = program.mask(op.output, layout.valid(group, self.batch));
        let (stride, n, channels) = (layout.stride, layout.positions, layout.extent.channels);
        let (lead, to) = (op.geometry.gradient_lead, op.geometry.gradient_stride);
        let isa = self.plan.isa;
        match op.norm {
            None => {
                let terms = [Term { planes: gradient, affine: None }];
                combine(isa, &terms, false, mask, stride, n, tile, lead, to, None, channels);
            }
            Some(norm) => {
                let norm = &workspace.norms[norm.0];
                let raw = &workspace.tensors[op.output.0][start..start + layout.group_len()];
                let terms = [
                    Term { planes: gradient, affine: Some((&norm.of_gradient, &self.plan.zeros)) },
                    Term { planes: raw, affine: Some((&norm.of_input, &norm.constant)) },
                ];
                combine(isa, &terms, false, mask, stride, n, tile, lead, to, None, channels);
            }
        }
    }

    /// Weight gradient and raw input gradient of one group, from its two tiles.
    fn products(
        &self,
        workspace: &Workspace,
        op: &Convolve,
        weights: &CompiledLayer,
        output: &Layout,
        target: &Target,
        scratch: &mut Scratch,
        accumulators: &mut [f32],
        bias_sums: &mut [f64],
    ) {
        let (isa, g) = (self.plan.isa, &op.geometry);
        let layer = &self.plan.layers[op.layer];
        let (forward, transposed) = &workspace.weights[op.layer];
        let Scratch { tile, gradient_tile, dx, clock, .. } = scratch;
        let planes = &gradient_tile[g.gradient_lead..];
        let n = output.positions;
        sddmm(
            isa,
            weights.forward.taps(forward),
            planes,
            g.gradient_stride,
            tile,
            n,
            usize::MAX,
            accumulators,
        );
        plane_sums(isa, planes, g.gradient_stride, n, bias_sums);
        clock.lap(Part::WeightGradient);
        if *target != Target::Nowhere {
            let taps = layer.transposed.taps(transposed);
            spmm(isa, taps, gradient_tile, dx, g.dx_stride, g.in_positions, Epilogue::Store);
            clock.lap(Part::InputGradient);
        }
    }

    /// Puts an output group's input gradient (planes `[phase][channel]`) in the places of its pixels in `flat`.
    fn relayout_back(
        &self,
        geometry: &Geometry,
        source: &Layout,
        origin: usize,
        start: usize,
        dx: &[f32],
        flat: &mut [f32],
    ) {
        let channels = geometry.window.input.channels;
        for local in 0..geometry.samples.min(self.batch - start) {
            let at = start + local - origin;
            let group = &mut flat[at / source.samples * source.group_len()..][..source.group_len()];
            let step = geometry.window.stride;
            geometry.for_each_phase(source, at % source.samples, |phase, offset, rows, pixels| {
                for channel in 0..channels {
                    let from = (phase * channels + channel) * geometry.dx_stride
                        + local * geometry.rows * geometry.pitch;
                    let to = &mut group[channel * source.stride + offset..];
                    for y in 0..rows {
                        let from = &dx[from + y * geometry.pitch..][..pixels];
                        place(from, &mut to[y * step * source.pitch..], step);
                    }
                }
            });
        }
    }

    fn finish_value(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        value: ValueId,
        target: &Target,
    ) {
        let size = self.plan.chunk(&[self.plan.program.layout(value)]);
        self.each_group(workspace, store, value, target, size, &|_, _, _, _| false);
    }

    /// Finishes every group of `value`; `own` fills the operation's own part of a group, given the evaluated value, and
    /// tells whether there is one.
    pub(crate) fn each_group(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        value: ValueId,
        target: &Target,
        size: usize,
        own: &(impl Fn(&Workspace, usize, &[f32], &mut [f32]) -> bool + Sync),
    ) {
        let layout = *self.plan.program.layout(value);
        let channels = layout.extent.channels;
        let chunks = self.batch.div_ceil(size);
        let mut out = self.take_target(workspace, target);
        let mut sums = take(&mut workspace.sums);
        let outputs = (
            Chunks::new(&mut out[..], size / layout.samples * layout.group_len()),
            Chunks::new(&mut sums[..chunks * 3 * channels], 3 * channels),
        );
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..chunks, outputs, &|chunk, (out, sums)| {
            let Scratch { flat, flat_gradient, unread, .. } = &mut *shared.scratch();
            let sums = &mut sums.data[..3 * channels];
            sums.fill(0.0);
            let range = self.samples(chunk, size);
            for start in range.clone().step_by(layout.samples) {
                let index = start / layout.samples;
                let flat = &mut flat[..layout.group_len()];
                let into = Into { planes: flat, lead: 0, stride: layout.stride, keep: None };
                self.evaluate(shared, value, index, into);
                let part = &mut flat_gradient[..layout.group_len()];
                let from = own(shared, index, flat, part).then_some((&part[..], layout.stride));
                let at = (start - range.start) / layout.samples * layout.group_len();
                let out = &mut out.data[at..at + layout.group_len()];
                let evaluated = (&flat[..], 0, layout.stride);
                self.finish_group(shared, unread, Group { value, target, index, from, evaluated, out, sums });
            }
        });
        self.put_target(workspace, target, out);
        workspace.sums = sums;
        self.finish_norms(workspace, store, value, target, chunks);
    }

    /// `out = of_gradient * gradient + of_input * x + constant` at the pixels of a norm's stored input.
    fn norm_back(&self, workspace: &mut Workspace, value: ValueId, term: usize, from: GradId, to: GradId) {
        let program = &self.plan.program;
        let term = program.values[value.0].terms[term];
        let layout = program.tensors[term.tensor.0];
        let size = self.plan.chunk(&[&layout]);
        let mut out = take(&mut workspace.gradients[to.0]);
        let outputs = Chunks::new(&mut out[..], size / layout.samples * layout.group_len());
        let shared = &*workspace;
        for_each_chunk(self.parallel, 0..self.batch.div_ceil(size), outputs, &|chunk, out| {
            let Some(norm) = term.norm.map(|norm| &shared.norms[norm.0]) else { return };
            let range = self.samples(chunk, size);
            for start in range.clone().step_by(layout.samples) {
                let group = start / layout.samples;
                let here = group * layout.group_len()..(group + 1) * layout.group_len();
                let terms = [
                    Term {
                        planes: &shared.gradients[from.0][here.clone()],
                        affine: Some((&norm.of_gradient, &self.plan.zeros)),
                    },
                    Term {
                        planes: &shared.tensors[term.tensor.0][here],
                        affine: Some((&norm.of_input, &norm.constant)),
                    },
                ];
                let mask = program.mask(term.tensor, layout.valid(group, self.batch));
                let at = (start - range.start) / layout.samples * layout.group_len();
                let (stride, n, channels) = (layout.stride, layout.positions, layout.extent.channels);
                let to = &mut out.data[at..at + layout.group_len()];
                combine(self.plan.isa, &terms, false, mask, stride, n, to, 0, stride, None, channels);
            }
        });
        workspace.gradients[to.0] = out;
    }
}

/// `to[i * step] = from[i]` for steps of 1 and 2; numbers between stay.
fn place(from: &[f32], to: &mut [f32], step: usize) {
    if step == 1 {
        return to[..from.len()].copy_from_slice(from);
    }
    if let Some(&last) = from.last() {
        to[2 * (from.len() - 1)] = last;
    }
    for (to, &from) in to.chunks_exact_mut(2).zip(from) {
        to[0] = from;
    }
}
