//! Softmax cross-entropy.

/// Twin of [`crate::loss::softmax_cross_entropy`]: loss, gradient and hit.
///
/// Written by differences of logits: `p_c = 1 / sum_k exp(x_k - x_c)`, loss `= ln sum_k exp(x_k - x_label)`. Overflows
/// where they differ by more than 700.
pub fn softmax_cross_entropy(logits: &[f32], label: usize, scale: f64) -> (f64, Vec<f64>, bool) {
    let against = |own: f32| logits.iter().map(|&x| (f64::from(x) - f64::from(own)).exp()).sum::<f64>();
    let slope = |(class, &own): (usize, &f32)| {
        let target = if class == label { 1.0 } else { 0.0 };
        (1.0 / against(own) - target) * scale
    };
    let gradient = logits.iter().enumerate().map(slope).collect();
    let Some(&own) = logits.get(label) else { return (f64::NAN, gradient, false) };
    let beaten = |(class, &x): (usize, &f32)| if class < label { own > x } else { own >= x };
    (against(own).ln(), gradient, logits.iter().enumerate().all(beaten))
}
