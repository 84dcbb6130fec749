//! Scores that tell in-distribution images from others: one file each, one line in [`REGISTRY`].
//!
//! A higher score means in-distribution.

mod energy;
mod knn;
mod mahalanobis;
mod max_logit;
mod msp;
mod odin;

use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::names::find as find_name;

/// A batch as the network sees it.
#[derive(Clone, Copy, Debug)]
pub struct Outputs<'a> {
    /// Pixels, NCHW.
    pub pixels: &'a [f32],
    /// `[samples][classes]`
    pub logits: &'a [f32],
    /// `[samples][feature_len]`
    pub features: &'a [f32],
}

/// A score, perhaps with what it learned from training images.
pub trait Score {
    /// Learns from features `[samples][feature_len]` of plain training images.
    fn learn(&mut self, _features: &[f32], _labels: &[u32]) {}

    /// Everything was seen.
    ///
    /// # Errors
    /// Too little of it.
    fn learned(&mut self) -> Result<(), EvalError> {
        Ok(())
    }

    /// Appends one score a sample to `scores`.
    ///
    /// # Errors
    /// What the network returns.
    fn score(
        &mut self,
        network: &mut Classifier,
        batch: &Outputs<'_>,
        scores: &mut Vec<f64>,
    ) -> Result<(), EvalError>;
}

/// What a score is made for.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Number of classes.
    pub classes: usize,
    /// Numbers of a feature vector.
    pub features: usize,
    /// Training images that will be seen.
    pub training: usize,
}

impl Shape {
    /// Bytes that all scores together keep of the training images, at most: means and covariance, and vectors
    /// to compare with.
    pub(crate) fn bytes(self) -> u64 {
        let numbers = |a: usize, b: usize| (a as u64).saturating_mul(b as u64);
        let wide = numbers(self.features, self.features).saturating_add(numbers(self.classes, self.features));
        wide.saturating_mul(8).saturating_add(4 * numbers(self.training, self.features).min(knn::MOST as u64))
    }
}

/// A score known by name.
pub struct Detector {
    /// Name on the command line.
    pub name: &'static str,
    /// Formula in one line.
    pub about: &'static str,
    /// Whether it looks at training images.
    pub learns: bool,
    /// A fresh one.
    pub new: fn(Shape) -> Box<dyn Score>,
}

/// Every score.
pub const REGISTRY: &[Detector] = &[
    msp::DETECTOR,
    max_logit::DETECTOR,
    energy::DETECTOR,
    odin::DETECTOR,
    mahalanobis::DETECTOR,
    knn::DETECTOR,
];

/// The score called `name`.
///
/// # Errors
/// [`EvalError::Unknown`].
pub fn find(name: &str) -> Result<&'static Detector, EvalError> {
    find_name("score", REGISTRY, |detector| detector.name, name)
}

/// A score that is a function of one sample's logits.
struct OfLogits(fn(&[f32]) -> f64);

impl Score for OfLogits {
    fn score(
        &mut self,
        network: &mut Classifier,
        batch: &Outputs<'_>,
        scores: &mut Vec<f64>,
    ) -> Result<(), EvalError> {
        scores.extend(batch.logits.chunks_exact(network.classes()).map(self.0));
        Ok(())
    }
}

/// A distance of features to those of the training images.
trait Distance {
    /// Learns from features `[samples][feature_len]` of plain training images.
    fn learn(&mut self, features: &[f32], labels: &[u32]);

    /// Everything was seen; says whether there was anything.
    fn learned(&mut self) -> bool;

    /// The distance of one sample's features.
    fn distance(&mut self, feature: &[f32]) -> f64;
}

/// A score that is minus a distance of one sample's features.
struct OfFeatures<D> {
    distance: D,
    features: usize,
}

impl<D: Distance> Score for OfFeatures<D> {
    fn learn(&mut self, features: &[f32], labels: &[u32]) {
        self.distance.learn(features, labels);
    }

    fn learned(&mut self) -> Result<(), EvalError> {
        match self.distance.learned() {
            true => Ok(()),
            false => Err(EvalError::Empty { what: "the training split".to_owned() }),
        }
    }

    fn score(
        &mut self,
        _network: &mut Classifier,
        batch: &Outputs<'_>,
        scores: &mut Vec<f64>,
    ) -> Result<(), EvalError> {
        let features = batch.features.chunks_exact(self.features);
        scores.extend(features.map(|feature| -self.distance.distance(feature)));
        Ok(())
    }
}

/// `ln sum exp(logit)`.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let most = largest(logits);
    most + logits.iter().map(|&logit| (f64::from(logit) - most).exp()).sum::<f64>().ln()
}

fn largest(logits: &[f32]) -> f64 {
    f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_learn_refuse_to_have_learned_nothing() {
        for detector in REGISTRY {
            let mut score = (detector.new)(Shape { classes: 2, features: 3, training: 0 });
            let problem = score.learned().err().map(|error| error.to_string());
            let expected = detector.learns.then(|| "the training split has no samples".to_owned());
            assert_eq!(problem, expected, "{}", detector.name);
        }
    }
}
