//! Softmax cross-entropy.

use super::error::check_len;
use super::{ReferenceError, Scalar};

/// A loss and where it pulls.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss<T> {
    /// Mean over the batch, natural logarithm.
    pub mean: T,
    /// Gradient of the mean with respect to the logits `[batch, classes]`.
    pub gradient: Vec<T>,
}

/// Mean over the batch of `logsumexp(logits) - logits[label]`; `logits` is `[labels.len(), classes]`.
pub fn cross_entropy<T: Scalar>(
    logits: &[T],
    labels: &[u32],
    classes: usize,
) -> Result<Loss<T>, ReferenceError> {
    if labels.is_empty() {
        return Err(ReferenceError::EmptyBatch);
    }
    check_len("logits", labels.len() * classes, logits.len())?;
    let batch = T::from_f64(labels.len() as f64);
    let (mut total, mut gradient) = (T::ZERO, Vec::with_capacity(logits.len()));
    for (sample, (row, &label)) in logits.chunks_exact(classes.max(1)).zip(labels).enumerate() {
        let target = label as usize;
        if target >= classes {
            return Err(ReferenceError::Label { sample, label, classes });
        }
        // Shifted by the largest logit so that no exponential overflows.
        let largest = row.iter().copied().fold(row[0], |a, b| if b > a { b } else { a });
        let mut sum = T::ZERO;
        row.iter().for_each(|&logit| sum += (logit - largest).exp());
        total += sum.ln() + largest - row[target];
        for (class, &logit) in row.iter().enumerate() {
            let one_hot = if class == target { T::ONE } else { T::ZERO };
            gradient.push(((logit - largest).exp() / sum - one_hot) / batch);
        }
    }
    Ok(Loss { mean: total / batch, gradient })
}
