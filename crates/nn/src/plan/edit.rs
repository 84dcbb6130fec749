//! New patterns for some layers of a compiled network, in place.

use super::cut::MAX_ACCUMULATOR_BYTES;
use super::program::{Convolve, Forward, Program};
use super::workspace::buffer;
use super::{Plan, Weights, Workspace};
use crate::params::{Column, ParamStore};
use rarefy_core::memory::{self, OutOfMemory};
use std::sync::PoisonError;

/// What the kernels' copies of the weights are.
const PACKED: &str = "the packed weights of a layer";

impl Plan {
    /// Compiles the patterns of `layers` anew and packs their values. `index` is scratch of one number per dense position.
    ///
    /// After [`Plan::reserve`] nothing is allocated for patterns within its limits, and nothing can fail.
    pub(crate) fn recompile(
        &mut self,
        workspace: &mut Workspace,
        packed: &mut Weights,
        store: &ParamStore,
        layers: impl IntoIterator<Item = usize>,
        index: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        for layer in layers {
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            let compiled = &mut self.layers[layer];
            compiled.compile(&store.patterns()[layer], &convolve.geometry, index)?;
            let column = store.slice(convolve.weight, Column::Value);
            for (taps, values) in compiled.directions().into_iter().zip(&mut packed.layers[layer]) {
                memory::resize(values, taps.order.len(), 0.0, PACKED)?;
                taps.refresh(column, values);
            }
            let weights = self.layers[layer].forward.order.len();
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            workspace.fit_layer(self, weights, convolve.geometry.window.output.channels)?;
        }
        Ok(())
    }

    /// Makes room for up to `weights[layer]` existing weights in each layer.
    pub(crate) fn reserve(
        &mut self,
        workspace: &mut Workspace,
        packed: &mut Weights,
        store: &ParamStore,
        weights: &[usize],
        index: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        for (layer, (pattern, &weights)) in store.patterns().iter().zip(weights).enumerate() {
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            let shape = pattern.shape();
            let weights = weights.clamp(pattern.nnz(), shape.len());
            self.layers[layer].reserve(pattern, &convolve.geometry, weights)?;
            memory::reserve(index, shape.len(), "an index of a layer's positions")?;
            let compiled = &self.layers[layer];
            for (taps, values) in compiled.directions().into_iter().zip(&mut packed.layers[layer]) {
                memory::reserve(values, taps.order.capacity(), PACKED)?;
            }
            // The fewer weights the more chunks, as long as all partial gradients stay within the limit.
            let most = self.layers[layer].forward.order.capacity();
            let chunks = |weights| self.max_batch.div_ceil(self.weight_chunk_for(weights));
            let lanes = self.isa.lanes();
            let limit = (MAX_ACCUMULATOR_BYTES / size_of::<f32>() / lanes).max(chunks(most) * most);
            let outputs = convolve.geometry.window.output.channels;
            workspace.fit(most * lanes, (chunks(0) * most).min(limit), chunks(0) * outputs)?;
        }
        Ok(())
    }
}

impl Workspace {
    /// Room for the partial gradients of a layer of `weights` packed values and `outputs` biases.
    pub(super) fn fit_layer(
        &mut self,
        plan: &Plan,
        weights: usize,
        outputs: usize,
    ) -> Result<(), OutOfMemory> {
        let chunks = plan.max_batch.div_ceil(plan.weight_chunk_for(weights));
        self.fit(weights * plan.isa.lanes(), chunks * weights, chunks * outputs)
    }

    fn fit(&mut self, accumulators: usize, partials: usize, bias_sums: usize) -> Result<(), OutOfMemory> {
        let what = "the weight gradients of a layer";
        for scratch in &mut self.scratch {
            let scratch = scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
            if scratch.accumulators.len() < accumulators {
                scratch.accumulators = buffer(accumulators, what)?;
            }
        }
        if self.partials.len() < partials {
            memory::resize(&mut self.partials, partials, 0.0, what)?;
        }
        if self.bias_sums.len() < bias_sums {
            memory::resize(&mut self.bias_sums, bias_sums, 0.0, what)?;
        }
        Ok(())
    }
}

/// The convolution of a prunable layer.
fn convolution(program: &Program, layer: usize) -> Option<&Convolve> {
    program.forward.iter().find_map(|op| match op {
        Forward::Convolve(convolve) if convolve.layer == layer => Some(convolve),
        _ => None,
    })
}
