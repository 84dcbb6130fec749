//! ODIN (Liang et al., ICLR 2018, section 3): a temperature, and a small step towards the predicted class.

use super::{Detector, Outputs, Score};
use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::sample::largest;
use crate::stream::BATCH;
use rarefy_core::memory;

pub(super) const DETECTOR: Detector = Detector {
    name: "odin",
    about: "largest probability at temperature 1000 after a step of 0.0014 in pixel space that raises it",
    learns: false,
    new: |_| Box::new(Odin),
};

/// The paper's values; not tuned on any test set.
const TEMPERATURE: f64 = 1000.0;
const EPS: f32 = 0.0014;

struct Odin;

impl Score for Odin {
    fn score(
        &mut self,
        network: &mut Classifier,
        batch: &Outputs<'_>,
        scores: &mut Vec<f64>,
    ) -> Result<(), EvalError> {
        // The gradient of ln p of the predicted class is (1[class] - p) / T; its sign does not depend on the factor 1 / T.
        let gradient = network.gradient_of(batch.pixels, &mut |_, logits, slope| {
            let probabilities = softmax(logits);
            let predicted = largest(logits);
            for (class, (slope, p)) in slope.iter_mut().zip(probabilities).enumerate() {
                *slope = (f64::from(u8::from(class == predicted)) - p) as f32;
            }
        })?;
        let towards = |(x, g): (&f32, &f32)| x + EPS * if *g > 0.0 { 1.0 } else { -1.0 };
        let moved = batch.pixels.iter().zip(&gradient).map(towards);
        let moved = memory::collected(batch.pixels.len(), moved, BATCH)?;
        let logits = network.logits(&moved)?;
        let rows = logits.chunks_exact(network.classes());
        scores.extend(rows.map(|row| softmax(row).into_iter().fold(0.0, f64::max)));
        Ok(())
    }
}

/// Probabilities at the temperature.
fn softmax(logits: &[f32]) -> Vec<f64> {
    let most = f64::from(logits[largest(logits)]);
    let mut weights: Vec<f64> =
        logits.iter().map(|&logit| ((f64::from(logit) - most) / TEMPERATURE).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}
