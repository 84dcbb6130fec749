//! Activations evaluated into tiles and planes.

use super::Pass;
use super::layout::Region;
use super::program::{Convolve, TensorId, ValueId};
use super::workspace::Workspace;
use rarefy_kernels::{Buffer, Grid, Term, Write, combine};
use std::ops::Range;

impl Pass<'_> {
    /// Evaluates a region of one group of a value into `out`: from its store unless it is to be stored now, in `keep`, else from its terms.
    pub(crate) fn evaluate(
        &self,
        workspace: &Workspace,
        id: ValueId,
        group: usize,
        region: Region,
        (out, to): (&mut [f32], Grid),
        keep: Option<&mut [f32]>,
    ) {
        let program = self.program;
        let value = &program.values[id.0];
        let layout = program.layout(id);
        if region.is_empty() {
            return;
        }
        let planes = |tensor: TensorId| {
            let start = group * layout.group_len();
            &workspace.tensors[tensor.0][start + region.start..start + layout.group_len()]
        };
        let mask = program.masks.get(group, self.batch);
        let mut run = |terms: &[Term<'_>], relu: bool, keep: Option<(&mut [f32], Write)>| {
            let Region { grid, step, rows, columns, .. } = region;
            let channels = layout.extent.channels;
            combine(self.plan.isa, terms, grid, step, relu, mask, out, to, keep, channels, rows, columns);
        };
        if let (Some(tensor), None) = (value.stored, &keep) {
            return run(&[Term { planes: planes(tensor), affine: None }], false, None);
        }
        let write = value.stored.map_or(Write::Cached, |tensor| program.writes[tensor.0]);
        let keep = keep.map(|keep| (&mut keep[region.start..], write));
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

    /// Evaluates all pixels of a group into planes of one piece each.
    pub(crate) fn evaluate_whole(
        &self,
        workspace: &Workspace,
        id: ValueId,
        group: usize,
        out: &mut [f32],
        keep: Option<&mut [f32]>,
    ) {
        let layout = self.program.layout(id);
        self.evaluate(workspace, id, group, Region::whole(layout), (out, layout.flat()), keep);
    }

    /// Moves the first `phases` phases of the input tile on to `strip` of a group.
    pub(crate) fn fill_input(
        &self,
        workspace: &Workspace,
        op: &Convolve,
        group: usize,
        strip: &Range<usize>,
        phases: usize,
        tile: &mut [f32],
        mut keep: Option<&mut [f32]>,
    ) {
        let g = &op.geometry;
        let source = self.program.layout(op.source);
        let fresh = g.roll(tile, phases, strip);
        for phase in 0..phases {
            let region = g.region(source, phase, &fresh);
            if !region.is_empty() {
                let out = &mut tile[g.in_tile(phase, strip, fresh.start)..];
                self.evaluate(workspace, op.source, group, region, (out, g.tile), keep.as_deref_mut());
            }
        }
    }

    /// Moves the gradient tile, that of the convolution's raw output, on to `strip` of a group of `gradient`.
    pub(crate) fn fill_gradient(
        &self,
        workspace: &Workspace,
        op: &Convolve,
        gradient: &Buffer,
        group: usize,
        strip: &Range<usize>,
        tile: &mut [f32],
    ) {
        let g = &op.geometry;
        let rows = g.roll_gradient(tile, strip);
        if rows.is_empty() {
            return;
        }
        let layout = &self.program.tensors[op.output.0];
        let (from, channels, columns) = (layout.grid(), layout.extent.channels, g.output_columns());
        let here = group * layout.group_len() + rows.start * from.row..(group + 1) * layout.group_len();
        let out = &mut tile[g.in_gradient(strip, rows.start)..];
        let mask = self.program.masks.get(group, self.batch);
        let gradient = &gradient[here.clone()];
        let mut run = |terms: &[Term<'_>]| {
            let (isa, to) = (self.plan.isa, g.gradient);
            combine(isa, terms, from, 1, false, mask, out, to, None, channels, rows.len(), columns);
        };
        match op.norm {
            None => run(&[Term { planes: gradient, affine: None }]),
            Some(norm) => {
                let norm = &workspace.norms[norm.0];
                let raw = &workspace.tensors[op.output.0][here];
                run(&[
                    Term { planes: gradient, affine: Some((&norm.of_gradient, &self.plan.zeros)) },
                    Term { planes: raw, affine: Some((&norm.of_input, &norm.constant)) },
                ]);
            }
        }
    }

    /// What evaluating the numbers `run` of a group of `source` reads.
    pub(crate) fn source_ahead<'b>(
        &self,
        workspace: &'b Workspace,
        source: ValueId,
        group: usize,
        run: Range<usize>,
        keep: bool,
    ) -> [&'b [f32]; 2] {
        let program = self.program;
        let value = &program.values[source.0];
        let start = group * program.layout(source).group_len();
        let planes = |tensor: TensorId| {
            workspace.tensors[tensor.0].get(start + run.start..start + run.end).unwrap_or_default()
        };
        match (value.stored.filter(|_| !keep), &value.terms[..]) {
            (Some(stored), _) => [planes(stored), &[]],
            (None, [one]) => [planes(one.tensor), &[]],
            (None, terms) => [planes(terms[0].tensor), planes(terms[1].tensor)],
        }
    }
}
