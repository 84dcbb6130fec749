//! Weights in the order that the kernels want them.

use super::Plan;
use super::layer::Packed;
use super::program::Forward;
use crate::params::{Column, ParamStore};
use rarefy_core::memory::{self, OutOfMemory};

/// Packed values of every prunable layer, a copy of the parameters for the kernels.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Of the forward pass and of the input gradient.
    pub(crate) layers: Vec<[Vec<f32>; 2]>,
}

impl Weights {
    /// Room for the layers of `plan`; [`Plan::refresh`] fills it.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn new(plan: &Plan) -> Result<Self, OutOfMemory> {
        let zeros = |packed: &Packed| memory::zeros(packed.order.len(), "the packed weights of a layer");
        let layers = plan.layers.iter().map(|layer| {
            let [forward, transposed] = layer.directions();
            Ok([zeros(forward)?, zeros(transposed)?])
        });
        Ok(Self { layers: layers.collect::<Result<_, _>>()? })
    }
}

impl Plan {
    /// Packs the parameters for the kernels; needed after every change of them.
    pub fn refresh(&self, weights: &mut Weights, store: &ParamStore) {
        for op in &self.program.forward {
            if let Forward::Convolve(convolve) = op {
                let column = store.slice(convolve.weight, Column::Value);
                let directions = self.layers[convolve.layer].directions();
                for (taps, values) in directions.into_iter().zip(&mut weights.layers[convolve.layer]) {
                    taps.refresh(column, values);
                }
            }
        }
    }
}
