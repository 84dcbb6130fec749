//! Projected gradient descent (Madry et al., ICLR 2018, section 2.1).

use super::{Attack, Settings, Target, sign};
use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::sample::Sample;
use crate::stream::BATCH;
use rarefy_core::memory;
use rarefy_core::random::{Purpose, Stream};

pub(super) const ATTACK: Attack = Attack {
    name: "pgd",
    about: "steps of x <- clip(clip(x + step sign(gradient), x0 - eps, x0 + eps), 0, 1), from random points",
    gradient: true,
    iterates: true,
    perturb: |network, settings, target| {
        let mut worst = climb(network, settings, target, 0)?;
        if settings.restarts > 1 && settings.random_start {
            let mut losses = losses(network, &worst, target.labels)?;
            let pixels = network.extent().len();
            for restart in 1..settings.restarts {
                let other = climb(network, settings, target, restart)?;
                let theirs = self::losses(network, &other, target.labels)?;
                let samples = worst.chunks_exact_mut(pixels).zip(other.chunks_exact(pixels));
                for ((kept, other), (loss, theirs)) in samples.zip(losses.iter_mut().zip(theirs)) {
                    if theirs > *loss {
                        kept.copy_from_slice(other);
                        *loss = theirs;
                    }
                }
            }
        }
        Ok(worst)
    },
};

/// The end of one climb.
fn climb(
    network: &mut Classifier,
    settings: &Settings,
    target: &Target<'_>,
    restart: u32,
) -> Result<Vec<f32>, EvalError> {
    let eps = settings.eps as f32;
    let step = settings.step.unwrap_or(2.5 * settings.eps / f64::from(settings.steps)) as f32;
    let mut x = memory::copied(target.pixels, BATCH)?;
    if settings.random_start {
        let pixels = network.extent().len();
        for (sample, image) in (target.first as u64..).zip(x.chunks_exact_mut(pixels)) {
            let mut stream = Stream::new(settings.seed, Purpose::Attack, u64::from(restart) << 32 | sample);
            image.iter_mut().for_each(|x| {
                let uniform = 2.0 * stream.uniform() - 1.0;
                *x = (*x + (uniform * settings.eps) as f32).clamp(0.0, 1.0);
            });
        }
    }
    for _ in 0..settings.steps {
        let (_, gradient) = network.loss_gradient(&x, target.labels)?;
        for ((x, &origin), &slope) in x.iter_mut().zip(target.pixels).zip(&gradient) {
            *x = (*x + step * sign(slope)).clamp(origin - eps, origin + eps).clamp(0.0, 1.0);
        }
    }
    Ok(x)
}

/// Per sample how wrong it is: misclassified ones above all others, then by cross-entropy.
fn losses(network: &mut Classifier, pixels: &[f32], labels: &[u32]) -> Result<Vec<f64>, EvalError> {
    let logits = network.logits(pixels)?;
    let mut buffer = Vec::new();
    let rows = logits.chunks_exact(network.classes()).zip(labels);
    rows.map(|(row, &label)| {
        let sample = Sample::from_logits(row, label, 1.0, &mut buffer)?;
        let wrong = if sample.is_hit() { 0.0 } else { 1e100 };
        Ok(wrong - sample.log_probability)
    })
    .collect()
}
