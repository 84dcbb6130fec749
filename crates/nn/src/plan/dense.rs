//! Gradients at every position of a layer, existing or not: one layer at a time, in memory of the largest.

use super::layer::CompiledLayer;
use super::program::{Convolve, Forward};
use super::{Plan, Workspace};
use crate::params::{Column, ParamStore};
use rarefy_core::memory::{self, OutOfMemory};

/// Who takes a layer's dense gradient: index of the layer, the gradient of the mean loss, row-major, and the parameters.
pub type Visit<'a> = &'a mut (dyn FnMut(usize, &[f32], &ParamStore) + Send);

/// Memory for the largest layer, reused by each.
#[derive(Debug, Default)]
pub(crate) struct DenseScratch {
    /// There is room for every layer, here and in the workspace.
    ready: bool,
    layer: CompiledLayer,
    index: Vec<u32>,
    gradient: Vec<f32>,
}

/// Where a backward pass puts the gradients of all positions.
pub(crate) struct DenseGradients<'a> {
    pub(crate) scratch: &'a mut DenseScratch,
    pub(crate) visit: Visit<'a>,
}

impl DenseScratch {
    /// Room for every layer of `plan`, so that a pass allocates nothing; made once.
    pub(crate) fn reserve(&mut self, plan: &Plan, workspace: &mut Workspace) -> Result<(), OutOfMemory> {
        if self.ready {
            return Ok(());
        }
        for op in &plan.program.forward {
            if let Forward::Convolve(op) = op {
                self.compile(op)?;
                let window = &op.geometry.window;
                workspace.fit_layer(plan, window.weight.len(), window.output.channels)?;
                memory::reserve(&mut self.gradient, window.weight.len(), "the dense gradient of a layer")?;
            }
        }
        self.ready = true;
        Ok(())
    }

    /// Another workspace has no room yet.
    pub(crate) fn forget(&mut self) {
        self.ready = false;
    }

    fn compile(&mut self, op: &Convolve) -> Result<(), OutOfMemory> {
        self.layer.compile_full(op.geometry.window.weight, &op.geometry, &mut self.index)
    }
}

impl DenseGradients<'_> {
    /// Makes the scratch, which has room for it, the layer of `op` with every weight.
    pub(crate) fn compile(&mut self, op: &Convolve) {
        let compiled = self.scratch.compile(op);
        debug_assert!(compiled.is_ok(), "dense gradients without room for them: {compiled:?}");
    }

    pub(crate) fn layer(&self) -> &CompiledLayer {
        &self.scratch.layer
    }

    /// Sums the chunks' partial gradients, puts those of existing weights into the gradient column and hands over all.
    pub(crate) fn reduce(&mut self, store: &mut ParamStore, op: &Convolve, partials: &[f32]) {
        let DenseScratch { layer, gradient, .. } = &mut *self.scratch;
        gradient.clear();
        gradient.resize(layer.forward.order.len(), 0.0);
        layer.forward.reduce(partials, gradient);
        store.set_from_dense(op.weight, Column::Gradient, gradient);
        (self.visit)(op.layer, gradient, store);
    }
}
