//! Parameter updates, one weight at a time.

use crate::{AdamStep, SgdStep};

/// Twin of [`crate::sgd`]: the new weight and momentum.
pub fn sgd(step: SgdStep, weight: f64, gradient: f64, momentum: f64) -> (f64, f64) {
    let [lr, mu, decay] = [step.lr, step.momentum, step.weight_decay].map(f64::from);
    let h = gradient + decay * weight;
    let b = if step.first { h } else { mu * momentum + h };
    let direction = if step.nesterov { h + mu * b } else { b };
    (weight - lr * direction, b)
}

/// Twin of [`crate::adam`]: the new weight, first and second moment.
pub fn adam(step: AdamStep, weight: f64, gradient: f64, first: f64, second: f64) -> (f64, f64, f64) {
    let (m, v) = adam_moments(step, weight, gradient, first, second);
    (adam_weight(step, weight, m, v), m, v)
}

/// The moments after an Adam step.
pub fn adam_moments(step: AdamStep, weight: f64, gradient: f64, first: f64, second: f64) -> (f64, f64) {
    let [beta1, beta2, decay] = [step.beta1, step.beta2, step.weight_decay].map(f64::from);
    let h = gradient + decay * weight;
    (beta1 * first + (1.0 - beta1) * h, beta2 * second + (1.0 - beta2) * h * h)
}

/// The weight after an Adam step that left the moments `m` and `v`.
pub fn adam_weight(step: AdamStep, weight: f64, m: f64, v: f64) -> f64 {
    let correction = |beta: f32| 1.0 - f64::from(beta).powi(step.step as i32);
    let corrected = v / correction(step.beta2);
    weight - f64::from(step.lr) * (m / correction(step.beta1)) / (corrected.sqrt() + f64::from(step.eps))
}
