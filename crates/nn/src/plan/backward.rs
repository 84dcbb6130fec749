//! The backward pass.

use super::Pass;
use super::chunks::{Chunks, for_each_chunk};
use super::clock::Part;
use super::dense::DenseGradients;
use super::finish::Group;
use super::layer::CompiledLayer;
use super::layout::Region;
use super::program::{Convolve, Forward, ValueId};
use super::schedule::{Backward, GradId, Target};
use super::workspace::{Scratch, Workspace};
use crate::params::{Column, ParamStore};
use rarefy_kernels::{Ahead, Buffer, Epilogue, Term, Write, combine, lane_sums, plane_sums, sddmm, spmm};
use std::mem::take;
use std::ops::Range;

impl Pass<'_> {
    /// Gradients of all parameters into the gradient column, after [`Pass::forward`] and [`Pass::loss`] on the
    /// same batch; worthless if the pass was interrupted.
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
        for index in 0..self.plan.schedule.backward.len() {
            if self.runner.is_interrupted() {
                return;
            }
            self.backward_op(workspace, store, index, dense);
        }
    }

    /// One operation of the backward pass.
    pub(crate) fn backward_op(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        index: usize,
        dense: &mut Option<DenseGradients<'_>>,
    ) {
        workspace.clock.next(self.plan.backward_span(index));
        match &self.plan.schedule.backward[index] {
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

    /// The buffer a target writes, taken out of the workspace meanwhile.
    pub(crate) fn take_target(&self, workspace: &mut Workspace, target: &Target) -> Buffer {
        match target {
            Target::Nowhere => Buffer::default(),
            Target::Part { out } | Target::Finish { out, .. } => take(&mut workspace.gradients[out.0]),
        }
    }

    pub(crate) fn put_target(&self, workspace: &mut Workspace, target: &Target, buffer: Buffer) {
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
        let program = self.program;
        let Forward::Convolve(op) = &program.forward[index] else { return };
        let (source, output) = (*program.layout(op.source), program.tensors[op.output.0]);
        if let Some(dense) = dense {
            dense.compile(op);
        }
        // The layer whose weight gradient is computed: all of it if that is asked for.
        let layer = dense.as_ref().map_or(&self.plan.layers[op.layer], |dense| dense.layer());
        let (size, g) = (self.plan.weight_chunk_for(layer.forward.order.len()), &op.geometry);
        let chunks = self.batch.div_ceil(size);
        let mut out = self.take_target(workspace, target);
        let mut sums = take(&mut workspace.sums);
        let mut partials = take(&mut workspace.partials);
        let mut bias_sums = take(&mut workspace.bias_sums);
        let channels = source.extent.channels;
        let weights = layer.forward.order.len();
        let biases = if op.bias.is_some() { output.extent.channels } else { 0 };
        let out_per_chunk = if out.is_empty() { 0 } else { source.len(size) };
        // Gates need every pixel of the source, products those that some tap reads.
        let phases = if *target == Target::Nowhere { g.read } else { g.phases.len() };
        let outputs = (
            Chunks::new(&mut out[..], out_per_chunk),
            Chunks::new(&mut partials[..chunks * weights], weights),
            Chunks::new(&mut sums[..chunks * 3 * channels], 3 * channels),
            Chunks::new(&mut bias_sums[..chunks * biases], biases),
        );
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..chunks, outputs, &|chunk, (out, partials, sums, bias_sums)| {
            let scratch = &mut *shared.scratch();
            g.clear_sides(&mut scratch.tile, phases);
            g.clear_gradient_sides(&mut scratch.gradient_tile);
            let mut accumulators = take(&mut scratch.accumulators);
            accumulators[..weights * self.plan.isa.lanes()].fill(0.0);
            let sums = &mut sums.data[..3 * channels];
            sums.fill(0.0);
            let bias_sums = &mut bias_sums.data[..biases];
            bias_sums.fill(0.0);
            let groups = self.chunk_groups(chunk, size);
            for (local, group) in groups.clone().enumerate() {
                for strip in g.strips() {
                    self.fill_input(shared, op, group, &strip, phases, &mut scratch.tile, None);
                    scratch.clock.lap(Part::Evaluate);
                    let (from, tile) = (&shared.gradients[gradient.0], &mut scratch.gradient_tile);
                    self.fill_gradient(shared, op, from, group, &strip, tile);
                    scratch.clock.lap(Part::GradientTile);
                    let mut ahead = [Ahead::default(); 2];
                    if let Some((next, strip)) = g.next(group, &strip, groups.end) {
                        let out =
                            out.data.get((next - groups.start) * source.group_len()..).unwrap_or_default();
                        ahead = self.backward_ahead(shared, op, gradient, target, next, &strip, out);
                    }
                    let sums_of = (&mut accumulators[..], &mut *bias_sums);
                    self.weight_products(op, layer, &strip, scratch, sums_of, ahead[0]);
                    if *target == Target::Nowhere {
                        continue;
                    }
                    self.input_products(op, &strip, scratch, ahead[1]);
                    let out = &mut out.data[local * source.group_len()..(local + 1) * source.group_len()];
                    for phase in 0..phases {
                        let region = g.region(&source, phase, &strip);
                        let from = (phase < g.read)
                            .then(|| (&scratch.dx[phase * g.window.input.channels * g.dx.plane..], g.dx));
                        let evaluated = (&scratch.tile[g.in_tile(phase, &strip, strip.start)..], g.tile);
                        let (value, index, out) = (op.source, group, &mut *out);
                        let group = Group { value, target, index, region, from, evaluated, out, sums };
                        let sums = (&mut scratch.unread[..], &mut scratch.lane_sums[..]);
                        self.finish_group(shared, sums, group);
                    }
                    scratch.clock.lap(Part::Finish);
                }
            }
            lane_sums(self.plan.isa, &accumulators, &mut partials.data[..weights]);
            scratch.accumulators = accumulators;
            scratch.clock.lap(Part::Reduce);
        });
        self.put_target(workspace, target, out);
        workspace.sums = sums;
        workspace.clock.lap(Part::Rest);
        match dense {
            None => {
                let gradient = store.slice_mut(op.weight, Column::Gradient);
                layer.forward.reduce(&partials[..chunks * weights], gradient);
            }
            Some(dense) => dense.reduce(store, op, &partials[..chunks * weights]),
        }
        workspace.clock.lap(Part::Reduce);
        if let Some(bias) = op.bias {
            for (channel, gradient) in store.slice_mut(bias, Column::Gradient).iter_mut().enumerate() {
                let parts = bias_sums[..chunks * biases][channel..].iter().step_by(biases);
                *gradient = parts.sum::<f64>() as f32;
            }
        }
        workspace.partials = partials;
        workspace.bias_sums = bias_sums;
        self.finish_norms(workspace, store, op.source, target, chunks);
    }

    /// What a strip will touch: its tiles' sources, and where its gradient goes.
    fn backward_ahead<'b>(
        &self,
        workspace: &'b Workspace,
        op: &Convolve,
        gradient: GradId,
        target: &Target,
        group: usize,
        strip: &Range<usize>,
        out: &'b [f32],
    ) -> [Ahead<'b>; 2] {
        let (program, g) = (self.program, &op.geometry);
        let (source, output) = (program.layout(op.source), &program.tensors[op.output.0]);
        let mut ahead = [Ahead::default(); 2];
        let run = g.gradient_run(output, strip);
        let start = group * output.group_len();
        let here = start + run.start..start + run.end;
        ahead[0].slices[0] = &workspace.gradients[gradient.0][here.clone()];
        if op.norm.is_some() {
            ahead[0].slices[1] = &workspace.tensors[op.output.0][here];
        }
        let read = self.source_ahead(workspace, op.source, group, g.source_run(source, strip), false);
        ahead[0].slices[2] = read[0];
        ahead[1].slices[0] = read[1];
        let run = g.pixel_run(source, strip);
        let start = group * source.group_len();
        if let Target::Finish { extra, .. } = target {
            for (slice, extra) in ahead[1].slices[2..].iter_mut().zip(extra) {
                *slice = &workspace.gradients[extra.0][start + run.start..start + run.end];
            }
            // The norms' inputs, which the evaluated value was not made of if it is stored.
            let value = &program.values[op.source.0];
            let stored = value.stored.is_some();
            let norms = value.terms.iter().filter(|term| term.norm.is_some() && stored);
            for (slice, term) in ahead[1].slices[4..].iter_mut().zip(norms) {
                *slice = &workspace.tensors[term.tensor.0][start + run.start..start + run.end];
            }
        }
        ahead[1].slices[1] = out.get(run).unwrap_or_default();
        ahead
    }

    /// Weight gradient of one strip, from its two tiles.
    fn weight_products(
        &self,
        op: &Convolve,
        layer: &CompiledLayer,
        strip: &Range<usize>,
        scratch: &mut Scratch,
        (accumulators, bias_sums): (&mut [f32], &mut [f64]),
        ahead: Ahead<'_>,
    ) {
        let (isa, g) = (self.plan.isa, &op.geometry);
        let rows = g.output_rows(strip);
        if rows.is_empty() {
            return;
        }
        let taps = layer.forward.taps(&self.weights.layers[op.layer][0]);
        let planes = &scratch.gradient_tile[g.in_gradient(strip, rows.start)..];
        let (height, columns) = (rows.len(), g.output_columns());
        let (tile, row) = (&scratch.tile, g.tile.row);
        sddmm(isa, taps, planes, g.gradient, tile, row, height, columns, accumulators, ahead);
        plane_sums(isa, planes, g.gradient, height, columns, bias_sums);
        scratch.clock.lap(Part::WeightGradient);
    }

    /// Raw input gradient of one strip, in planes `[phase][channel]`.
    fn input_products(&self, op: &Convolve, strip: &Range<usize>, scratch: &mut Scratch, ahead: Ahead<'_>) {
        let (isa, g) = (self.plan.isa, &op.geometry);
        let taps = self.plan.layers[op.layer].transposed.taps(&self.weights.layers[op.layer][1]);
        let (rows, columns) = (g.phase_rows(strip).len(), g.dx_columns());
        let Scratch { gradient_tile, dx, partial, clock, .. } = scratch;
        let (row, write) = (g.gradient.row, Write::Cached);
        let epilogue = Epilogue::Store;
        spmm(isa, taps, gradient_tile, row, dx, g.dx, rows, columns, epilogue, write, partial, ahead);
        clock.lap(Part::InputGradient);
    }

    /// `out = of_gradient * gradient + of_input * x + constant` at the pixels of a norm's stored input.
    fn norm_back(&self, workspace: &mut Workspace, value: ValueId, term: usize, from: GradId, to: GradId) {
        let program = self.program;
        let term = program.values[value.0].terms[term];
        let layout = program.tensors[term.tensor.0];
        let size = self.plan.chunk();
        let mut out = take(&mut workspace.gradients[to.0]);
        let outputs = Chunks::new(&mut out[..], layout.len(size));
        let shared = &*workspace;
        for_each_chunk(self.runner, 0..self.batch.div_ceil(size), outputs, &|chunk, out| {
            let Some(norm) = term.norm.map(|norm| &shared.norms[norm.0]) else { return };
            let groups = out.data.chunks_exact_mut(layout.group_len());
            for (group, out) in self.chunk_groups(chunk, size).zip(groups) {
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
                let mask = program.masks.get(group, self.batch);
                let Region { grid, rows, columns, .. } = Region::whole(&layout);
                let (isa, channels) = (self.plan.isa, layout.extent.channels);
                combine(isa, &terms, grid, 1, false, mask, out, grid, None, channels, rows, columns);
            }
        });
        workspace.gradients[to.0] = out;
    }
}
