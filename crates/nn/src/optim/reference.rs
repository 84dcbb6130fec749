//! Optimizer steps as their definitions read, one tensor at a time, generic over the number type: the oracle of the
//! fused ones.

use crate::reference::Scalar;

/// Stochastic gradient descent as PyTorch writes it (METHODS 4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Momentum factor mu.
    pub momentum: f64,
    /// Nesterov's look-ahead.
    pub nesterov: bool,
    /// L2 penalty wd.
    pub weight_decay: f64,
}

impl Sgd {
    /// `h = g + wd w; b = mu b + h; w -= lr (h + mu b)` with Nesterov, `lr b` without.
    ///
    /// `momentum` is b: zeros before the first step, which makes that step's `b = h`.
    pub fn step<T: Scalar>(self, lr: f64, values: &mut [T], gradient: &[T], momentum: &mut [T]) {
        let [lr, mu, decay] = [lr, self.momentum, self.weight_decay].map(T::from_f64);
        for ((w, &g), b) in values.iter_mut().zip(gradient).zip(momentum) {
            let h = g + decay * *w;
            *b = mu * *b + h;
            let direction = if self.nesterov { h + mu * *b } else { *b };
            *w = *w - lr * direction;
        }
    }
}

/// Adam (Kingma & Ba 2015, algorithm 1) with L2 penalty in the gradient, as PyTorch's `Adam`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the corrected second moment.
    pub eps: f64,
    /// L2 penalty wd.
    pub weight_decay: f64,
}

impl Adam {
    /// `h = g + wd w; m = beta1 m + (1 - beta1) h; v = beta2 v + (1 - beta2) h^2;`
    /// `w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`, where `t` is `step`, counted from 1.
    ///
    /// `first` (m) and `second` (v) are zeros before step 1.
    pub fn step<T: Scalar>(
        self,
        lr: f64,
        step: i32,
        values: &mut [T],
        gradient: &[T],
        first: &mut [T],
        second: &mut [T],
    ) {
        let [lr, beta1, beta2, eps, decay] =
            [lr, self.beta1, self.beta2, self.eps, self.weight_decay].map(T::from_f64);
        let correction1 = T::from_f64(1.0 - self.beta1.powi(step));
        let correction2 = T::from_f64(1.0 - self.beta2.powi(step));
        let moments = first.iter_mut().zip(second);
        for ((w, &g), (m, v)) in values.iter_mut().zip(gradient).zip(moments) {
            let h = g + decay * *w;
            *m = beta1 * *m + (T::ONE - beta1) * h;
            *v = beta2 * *v + (T::ONE - beta2) * h * h;
            *w = *w - lr * (*m / correction1) / ((*v / correction2).sqrt() + eps);
        }
    }
}
