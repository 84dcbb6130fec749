//! Softmax cross-entropy.

/// Loss of one sample and its gradient with respect to the logits, in f64 inside.
///
/// `gradient[c] = (softmax(logits)[c] - [c = label]) * scale`. Returns `(-log softmax(logits)[label], hit)`; `hit` tells
/// whether the label has the largest logit (ties to the lower class). A label beyond the logits gives a NaN loss.
pub fn softmax_cross_entropy(logits: &[f32], label: usize, scale: f64, gradient: &mut [f32]) -> (f64, bool) {
    let (mut best, mut largest) = (0, f32::NEG_INFINITY);
    for (class, &logit) in logits.iter().enumerate() {
        if logit > largest {
            (best, largest) = (class, logit);
        }
    }
    let largest = f64::from(largest);
    let total: f64 = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    for (class, (gradient, &logit)) in gradient.iter_mut().zip(logits).enumerate() {
        let probability = (f64::from(logit) - largest).exp() / total;
        *gradient = ((probability - f64::from(u8::from(class == label))) * scale) as f32;
    }
    let own = logits.get(label).map_or(f64::NAN, |&logit| f64::from(logit));
    (largest - own + total.ln(), best == label)
}
