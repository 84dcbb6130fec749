//! Out-of-distribution detection.

use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::images::Images;
use crate::progress::Progress;
use crate::scores::{Detector, Outputs, Score, Shape};
use crate::separation::Scored;
use crate::stream::{BATCH, Pixels, for_each_batch};
use rarefy_core::memory;
use rarefy_data::{Dataset, Split};
use std::sync::Arc;

/// Scores of a network that were fitted to its training data and measured on an in-distribution split.
pub struct Detection {
    scores: Vec<(&'static Detector, Box<dyn Score>)>,
    inside: Vec<Vec<f64>>,
    most: usize,
}

impl Detection {
    /// Fits `detectors` to all plain training images where they ask for it, and scores the first `most` samples of `split`; of
    /// other images as many will count.
    ///
    /// # Errors
    /// Data that do not fit the network, an empty split, numbers that are not finite.
    pub fn new(
        network: &mut Classifier,
        dataset: &Arc<dyn Dataset>,
        split: Split,
        most: usize,
        detectors: &[&'static Detector],
        progress: &mut dyn Progress,
    ) -> Result<Self, EvalError> {
        network.check_fit(dataset.as_ref())?;
        let training = dataset.len(Split::Train);
        let shape = Shape { classes: network.classes(), features: network.feature_len(), training };
        memory::check_large(shape.bytes(), "what scores learn of the training images")?;
        let mut scores: Vec<_> =
            detectors.iter().map(|&detector| (detector, (detector.new)(shape))).collect();
        let (restore, size) = (Pixels::of(dataset.as_ref()), network.max_batch());
        if detectors.iter().any(|detector| detector.learns) {
            progress.begin("features of the training images", training);
            for_each_batch(dataset, Split::Train, size, usize::MAX, progress, |_, batch| {
                let (_, features) = network.features(&restore.restore(&batch.images)?)?;
                for (_, score) in scores.iter_mut().filter(|(detector, _)| detector.learns) {
                    score.learn(&features, &batch.labels);
                }
                Ok(())
            })?;
            scores.iter_mut().try_for_each(|(_, score)| score.learned())?;
        }
        progress.begin(&format!("scores of {} {split}", dataset.name()), most.min(dataset.len(split)));
        let mut inside = vec![Vec::new(); scores.len()];
        for_each_batch(dataset, split, size, most, progress, |_, batch| {
            add(network, &mut scores, &restore.restore(&batch.images)?, &mut inside)
        })?;
        Ok(Self { scores, inside, most })
    }

    /// Scores the first `most` of other images: for each detector its scores and how they separate.
    ///
    /// # Errors
    /// No images, images that cannot be read, numbers that are not finite.
    pub fn against(
        &mut self,
        network: &mut Classifier,
        images: &mut dyn Images,
        progress: &mut dyn Progress,
    ) -> Result<Vec<(&'static Detector, Scored)>, EvalError> {
        if images.is_empty() {
            return Err(EvalError::Empty { what: format!("the set of images `{}`", images.name()) });
        }
        let mut left = images.len().min(self.most);
        progress.begin(&format!("scores of {}", images.name()), left);
        let mut outside = vec![Vec::new(); self.scores.len()];
        let (extent, size) = (network.extent(), network.max_batch());
        let mut pixels = memory::room(size.min(left).saturating_mul(extent.len()), BATCH)?;
        while left > 0 {
            pixels.clear();
            let count = images.next(extent, size.min(left), &mut pixels)?;
            if count == 0 {
                break;
            }
            add(network, &mut self.scores, &pixels, &mut outside)?;
            progress.advance(count);
            left -= count;
        }
        let detectors = self.scores.iter().map(|(detector, _)| *detector);
        let sets = self.inside.iter().zip(&outside);
        detectors
            .zip(sets)
            .map(|(detector, (inside, outside))| Ok((detector, Scored::new(inside, outside)?)))
            .collect()
    }
}

/// Appends the scores of a batch.
fn add(
    network: &mut Classifier,
    scores: &mut [(&'static Detector, Box<dyn Score>)],
    pixels: &[f32],
    out: &mut [Vec<f64>],
) -> Result<(), EvalError> {
    let (logits, features) = network.features(pixels)?;
    let outputs = Outputs { pixels, logits: &logits, features: &features };
    for ((_, score), out) in scores.iter_mut().zip(out) {
        score.score(network, &outputs, out)?;
    }
    Ok(())
}
