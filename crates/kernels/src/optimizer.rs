//! Fused parameter updates: one pass over the flat columns.

use crate::Isa;
use crate::lanes::{Kernel, Lanes};

/// Constants of one SGD step (METHODS 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Learning rate.
    pub lr: f32,
    /// Momentum factor.
    pub momentum: f32,
    /// Nesterov's look-ahead.
    pub nesterov: bool,
    /// L2 penalty.
    pub weight_decay: f32,
    /// No momentum yet: the buffer becomes the gradient itself.
    pub first: bool,
}

/// `h = g + wd w; b = h` on the first step, else `b = mu b + h`; `w -= lr (h + mu b)` with Nesterov, `lr b` without.
///
/// # Panics
/// If the columns differ in length.
pub fn sgd(isa: Isa, step: SgdStep, values: &mut [f32], gradients: &[f32], momentum: &mut [f32]) {
    let len = values.len();
    assert!(gradients.len() == len && momentum.len() == len, "columns must be of one length");
    isa.run(Sgd { step, values, gradients, momentum });
}

struct Sgd<'a> {
    step: SgdStep,
    values: &'a mut [f32],
    gradients: &'a [f32],
    momentum: &'a mut [f32],
}

impl Kernel for Sgd<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let SgdStep { lr, momentum: mu, nesterov, weight_decay, first } = self.step;
        for ((w, &g), b) in self.values.iter_mut().zip(self.gradients).zip(self.momentum) {
            let h = g + weight_decay * *w;
            // Selected, not multiplied by 0: what the buffer held before the first step does not matter, NaN included.
            *b = if first { h } else { mu * *b + h };
            *w -= lr * if nesterov { h + mu * *b } else { *b };
        }
    }
}

/// Constants of one Adam step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// Learning rate.
    pub lr: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Added to the root.
    pub eps: f32,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f32,
    /// Number of this step, from 1.
    pub step: u64,
}

/// Kingma & Ba 2015 as PyTorch computes it: `m, v` moments of `h = g + wd w`, bias-corrected,
/// `w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)`.
///
/// # Panics
/// If the columns differ in length or the step is 0.
pub fn adam(
    isa: Isa,
    step: AdamStep,
    values: &mut [f32],
    gradients: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let len = values.len();
    assert!([gradients.len(), first.len(), second.len()] == [len; 3], "columns must be of one length");
    assert!(step.step > 0, "steps count from 1");
    isa.run(Adam { step, values, gradients, first, second });
}

struct Adam<'a> {
    step: AdamStep,
    values: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Kernel for Adam<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let AdamStep { lr, beta1, beta2, eps, weight_decay, step } = self.step;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        let rate = (f64::from(lr) / correction(beta1)) as f32;
        let root = correction(beta2).sqrt() as f32;
        let columns = self.values.iter_mut().zip(self.gradients).zip(self.first).zip(self.second);
        for (((w, &g), m), v) in columns {
            let h = g + weight_decay * *w;
            *m = beta1 * *m + (1.0 - beta1) * h;
            *v = beta2 * *v + (1.0 - beta2) * h * h;
            *w -= rate * *m / (v.sqrt() / root + eps);
        }
    }
}
