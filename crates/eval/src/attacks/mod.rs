//! Adversarial attacks in pixel space, maximum norm: one file each, one line in [`REGISTRY`].

mod fgsm;
mod noise;
mod pgd;

use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::names::find as find_name;
use crate::progress::Progress;
use crate::sample::Sample;
use crate::stream::{Pixels, for_each_batch};
use rarefy_data::{Dataset, Split};
use std::sync::Arc;

/// How strong an attack is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Largest change of a pixel; pixels are in 0..=1.
    pub eps: f64,
    /// Iterations (pgd).
    pub steps: u32,
    /// Change of a pixel in an iteration (pgd); by default `2.5 eps / steps`, so that every point of the ball can be reached.
    pub step: Option<f64>,
    /// Starts at a uniformly random point of the ball instead of the image (pgd).
    pub random_start: bool,
    /// Random starts of which each sample keeps the worst (pgd).
    pub restarts: u32,
    /// Seed of whatever is random.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { eps: 8.0 / 255.0, steps: 20, step: None, random_start: true, restarts: 1, seed: 1 }
    }
}

impl Settings {
    /// Checks every range.
    ///
    /// # Errors
    /// [`EvalError::Range`].
    pub fn check(&self) -> Result<(), EvalError> {
        let range = |what, expected, found: String| Err(EvalError::Range { what, expected, found });
        if !(0.0..=1.0).contains(&self.eps) {
            return range("eps", "from 0 to 1", self.eps.to_string());
        }
        if let Some(step) = self.step.filter(|step| !(*step > 0.0 && *step <= 1.0)) {
            return range("the step size", "above 0 and at most 1", step.to_string());
        }
        match (self.steps, self.restarts) {
            (0, _) => range("steps", "at least 1", "0".to_owned()),
            (_, 0) => range("restarts", "at least 1", "0".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Images to attack.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Pixels, NCHW.
    pub pixels: &'a [f32],
    /// One label a sample.
    pub labels: &'a [u32],
    /// Number of the first sample in its split: random numbers follow it.
    pub first: usize,
}

/// An attack known by name.
pub struct Attack {
    /// Name on the command line.
    pub name: &'static str,
    /// Formula in one line.
    pub about: &'static str,
    /// Whether it looks at a network's gradient: only then it matters which network it is computed on.
    pub gradient: bool,
    /// Whether it goes step by step: only then settings but `eps` and `seed` matter.
    pub iterates: bool,
    /// Gives attacked pixels, within `eps` of the target's and in 0..=1.
    pub perturb: fn(&mut Classifier, &Settings, &Target<'_>) -> Result<Vec<f32>, EvalError>,
}

/// Every attack.
pub const REGISTRY: &[Attack] = &[fgsm::ATTACK, pgd::ATTACK, noise::ATTACK];

/// The attack called `name`.
///
/// # Errors
/// [`EvalError::Unknown`].
pub fn find(name: &str) -> Result<&'static Attack, EvalError> {
    find_name("attack", REGISTRY, |attack| attack.name, name)
}

/// What an attack leaves of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Robustness {
    /// Samples attacked.
    pub samples: u64,
    /// Share still classified right.
    pub accuracy: f64,
    /// Mean cross-entropy, natural log.
    pub loss: f64,
}

/// Accuracy of `network` on the first `most` samples of a split after an attack, computed on `source` if given (transfer).
///
/// # Errors
/// Settings out of range; data or a source that do not fit the network, an empty split, numbers that are not finite.
pub fn attack(
    network: &mut Classifier,
    mut source: Option<&mut Classifier>,
    dataset: &Arc<dyn Dataset>,
    split: Split,
    most: usize,
    attack: &Attack,
    settings: &Settings,
    progress: &mut dyn Progress,
) -> Result<Robustness, EvalError> {
    settings.check()?;
    network.check_fit(dataset.as_ref())?;
    if let Some(source) = &source {
        source.check_fit(dataset.as_ref())?;
    }
    let name = format!("{} at {:.4}", attack.name, settings.eps);
    progress.begin(&name, most.min(dataset.len(split)));
    let (restore, size) = (Pixels::of(dataset.as_ref()), network.max_batch());
    let (mut samples, mut hits, mut loss, mut buffer) = (0, 0, 0.0, Vec::new());
    for_each_batch(dataset, split, size, most, progress, |first, batch| {
        let pixels = restore.restore(&batch.images)?;
        let target = Target { pixels: &pixels, labels: &batch.labels, first };
        let attacked = match source.as_deref_mut() {
            Some(source) => (attack.perturb)(source, settings, &target)?,
            None => (attack.perturb)(network, settings, &target)?,
        };
        let logits = network.logits(&attacked)?;
        for (row, &label) in logits.chunks_exact(network.classes()).zip(&batch.labels) {
            let sample = Sample::from_logits(row, label, 1.0, &mut buffer)?;
            hits += u64::from(sample.is_hit());
            loss -= sample.log_probability;
            samples += 1;
        }
        Ok(())
    })?;
    let count = samples as f64;
    Ok(Robustness { samples, accuracy: hits as f64 / count, loss: loss / count })
}

/// `-1`, `0` or `1`; the sign of 0 is 0.
fn sign(number: f32) -> f32 {
    if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        0.0
    }
}
