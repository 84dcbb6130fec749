//! New patterns for some layers of a compiled network, in place.

use super::program::{Convolve, Forward, Program};
use super::{MAX_ACCUMULATOR_BYTES, Plan, Weights, Workspace};
use crate::params::{Column, ParamStore};
use rarefy_kernels::Buffer;
use std::sync::PoisonError;

impl Plan {
    /// Compiles the patterns of `layers` anew and packs their values. `index` is scratch of one number per dense position.
    ///
    /// After [`Plan::reserve`] nothing is allocated for patterns within its limits.
    pub(crate) fn recompile(
        &mut self,
        workspace: &mut Workspace,
        packed: &mut Weights,
        store: &ParamStore,
        layers: impl IntoIterator<Item = usize>,
        index: &mut Vec<u32>,
    ) {
        for layer in layers {
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            let compiled = &mut self.layers[layer];
            compiled.compile(&store.patterns()[layer], &convolve.geometry, index);
            let column = store.slice(convolve.weight, Column::Value);
            for (taps, values) in compiled.directions().into_iter().zip(&mut packed.layers[layer]) {
                values.resize(taps.order.len(), 0.0);
                taps.refresh(column, values);
            }
            let weights = self.layers[layer].forward.order.len();
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            workspace.fit_layer(self, weights, convolve.geometry.window.output.channels);
        }
    }

    /// Makes room for up to `weights[layer]` existing weights in each layer.
    pub(crate) fn reserve(
        &mut self,
        workspace: &mut Workspace,
        packed: &mut Weights,
        store: &ParamStore,
        weights: &[usize],
        index: &mut Vec<u32>,
    ) {
        for (layer, (pattern, &weights)) in store.patterns().iter().zip(weights).enumerate() {
            let Some(convolve) = convolution(&self.program, layer) else { continue };
            let shape = pattern.shape();
            let weights = weights.clamp(pattern.nnz(), shape.len());
            self.layers[layer].reserve(pattern, &convolve.geometry, weights);
            index.reserve(shape.len().saturating_sub(index.len()));
            let compiled = &self.layers[layer];
            for (taps, values) in compiled.directions().into_iter().zip(&mut packed.layers[layer]) {
                values.reserve(taps.order.capacity().saturating_sub(values.len()));
            }
            // The fewer weights the more chunks, as long as all partial gradients stay within the limit.
            let most = self.layers[layer].forward.order.capacity();
            let chunks = |weights| self.max_batch.div_ceil(self.weight_chunk_for(weights));
            let lanes = self.isa.lanes();
            let limit = (MAX_ACCUMULATOR_BYTES / size_of::<f32>() / lanes).max(chunks(most) * most);
            let outputs = convolve.geometry.window.output.channels;
            workspace.fit(most * lanes, (chunks(0) * most).min(limit), chunks(0) * outputs);
        }
    }
}

impl Workspace {
    /// Room for the partial gradients of a layer of `weights` packed values and `outputs` biases.
    pub(super) fn fit_layer(&mut self, plan: &Plan, weights: usize, outputs: usize) {
        let chunks = plan.max_batch.div_ceil(plan.weight_chunk_for(weights));
        self.fit(weights * plan.isa.lanes(), chunks * weights, chunks * outputs);
    }

    fn fit(&mut self, accumulators: usize, partials: usize, bias_sums: usize) {
        for scratch in &mut self.scratch {
            let scratch = scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
            if scratch.accumulators.len() < accumulators {
                scratch.accumulators = Buffer::zeros(accumulators);
            }
        }
        if self.partials.len() < partials {
            self.partials.resize(partials, 0.0);
        }
        if self.bias_sums.len() < bias_sums {
            self.bias_sums.resize(bias_sums, 0.0);
        }
    }
}

/// The convolution of a prunable layer.
fn convolution(program: &Program, layer: usize) -> Option<&Convolve> {
    program.forward.iter().find_map(|op| match op {
        Forward::Convolve(convolve) if convolve.layer == layer => Some(convolve),
        _ => None,
    })
}
