//! Initial weights for the fan-in that a sparse layer really has.

use crate::recipe::Scaled;
use rarefy_core::Pattern;
use rarefy_nn::params::{Column, ParamStore};

impl Scaled {
    /// Scales the initial weights in `store`, layer by layer; biases and batch norms stay.
    pub(crate) fn apply(self, store: &mut ParamStore) {
        for view in 0..store.views().len() {
            let Some(pattern) = store.views().get(view).and_then(|view| view.pattern) else { continue };
            let Some(factors) = store.patterns().get(pattern).map(|pattern| self.factors(pattern)) else {
                continue;
            };
            for (weight, factor) in store.slice_mut(view, Column::Value).iter_mut().zip(factors) {
                *weight = (f64::from(*weight) * factor) as f32;
            }
        }
    }

    /// One factor per existing weight.
    fn factors(self, pattern: &Pattern) -> Vec<f64> {
        let shape = pattern.shape();
        let outputs = shape.outputs.max(1);
        let fan_in = (shape.len() / outputs).max(1);
        let outputs_of = || pattern.iter_dense_indices().map(|index| index / fan_in);
        match self {
            Self::Layer => vec![pattern.fraction().sqrt().recip(); pattern.nnz()],
            Self::Neuron => {
                let mut existing = vec![0usize; outputs];
                outputs_of().for_each(|output| {
                    existing.iter_mut().skip(output).take(1).for_each(|count| *count += 1)
                });
                let factor = |output: usize| {
                    let count = existing.get(output).copied().unwrap_or(0).max(1);
                    (fan_in as f64 / count as f64).sqrt()
                };
                outputs_of().map(factor).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::{Block, WeightShape};

    #[test]
    fn a_weight_is_scaled_by_what_is_missing_of_its_layer_or_output() {
        // 2 outputs of fan-in 8: 2 and 4 weights exist.
        let shape = WeightShape { outputs: 2, inputs: 8, kernel_h: 1, kernel_w: 1 };
        let pattern = Pattern::from_positions(shape, Block::UNSTRUCTURED, &[0, 5, 8, 9, 10, 15]).unwrap();
        let layer = (16.0f64 / 6.0).sqrt();
        let close = |left: &[f64], right: &[f64]| {
            assert_eq!(left.len(), right.len());
            assert!(left.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-12), "{left:?}");
        };
        close(&Scaled::Layer.factors(&pattern), &[layer; 6]);
        let (two, four) = (2.0, 2f64.sqrt());
        close(&Scaled::Neuron.factors(&pattern), &[two, two, four, four, four, four]);
        let dense = Pattern::full(shape, Block::UNSTRUCTURED).unwrap();
        close(&Scaled::Neuron.factors(&dense), &[1.0; 16]);
        close(&Scaled::Layer.factors(&dense), &[1.0; 16]);
    }
}
