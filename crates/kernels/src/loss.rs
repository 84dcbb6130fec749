//! Softmax cross-entropy.

/// Loss of one sample and its gradient with respect to the logits, in f64 inside.
///
/// `gradient[c] = (softmax(logits)[c] - [c = label]) * scale`. Returns `(-log softmax(logits)[label], hit)`; `hit` tells
/// whether the label has the largest logit (ties to the lower class, NaN is never the largest). A label beyond the logits,
/// a NaN or an infinite largest logit give a NaN loss, and the last two a NaN gradient.
///
/// # Panics
/// If there are not as many gradients as logits.
pub fn softmax_cross_entropy(logits: &[f32], label: usize, scale: f64, gradient: &mut [f32]) -> (f64, bool) {
    assert_eq!(gradient.len(), logits.len(), "as many gradients as logits");
    let (mut best, mut largest) = (None, f32::NEG_INFINITY);
    for (class, &logit) in logits.iter().enumerate() {
        if logit > largest {
            (best, largest) = (Some(class), logit);
        }
    }
    let largest = f64::from(largest);
    let total: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    for (class, (gradient, &logit)) in gradient.iter_mut().zip(logits).enumerate() {
        let probability = (f64::from(logit) - largest).exp() / total;
        *gradient = ((probability - f64::from(u8::from(class == label))) * scale) as f32;
    }
    let own = logits.get(label).map_or(f64::NAN, |&logit| f64::from(logit));
    (largest - own + total.ln(), best == Some(label))
}
