//! Temperature scaling (Guo et al., ICML 2017, section 4.2).

use crate::accuracy::{Evaluation, evaluate};
use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::progress::Progress;
use crate::stream::{Pixels, for_each_batch};
use rarefy_core::memory;
use rarefy_data::{Dataset, Split};
use std::sync::Arc;

/// Most logits that are held to fit the temperature: 64 MB. One number is fitted; of larger validation splits the first
/// samples do.
const MOST_LOGITS: usize = 1 << 24;
/// The temperature stays between 1 / this and this: nets that are always right would want 0.
const LARGEST: f64 = 1e3;
const STEPS: usize = 100;

/// A fitted temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperature {
    /// What logits are divided by.
    pub value: f64,
    /// Mean negative log-likelihood of the validation split before and after.
    pub validation_nll: [f64; 2],
    /// The evaluated split at this temperature.
    pub after: Evaluation,
}

/// The temperature that minimizes the mean negative log-likelihood of `[samples][classes]` logits, and that likelihood at 1
/// and at the temperature.
///
/// The likelihood is convex in the inverse temperature; Newton's method, kept inside a bracket that bisection shrinks.
///
/// # Errors
/// No samples, labels that are not one a row of logits.
pub fn fit_temperature(logits: &[f32], labels: &[u32], classes: usize) -> Result<(f64, [f64; 2]), EvalError> {
    if labels.is_empty() {
        return Err(EvalError::Empty { what: "the set to fit the temperature to".to_owned() });
    }
    if logits.len() != labels.len() * classes {
        return Err(EvalError::Length {
            what: "logits",
            expected: labels.len() * classes,
            found: logits.len(),
        });
    }
    let (mut low, mut high, mut inverse) = (1.0 / LARGEST, LARGEST, 1.0);
    for _ in 0..STEPS {
        let [_, slope, curvature] = likelihood(logits, labels, classes, inverse);
        if slope > 0.0 {
            high = inverse;
        } else {
            low = inverse;
        }
        let newton = inverse - slope / curvature;
        let next = if newton > low && newton < high { newton } else { f64::sqrt(low * high) };
        let done = (next - inverse).abs() <= 1e-12 * inverse;
        inverse = next;
        if done {
            break;
        }
    }
    let nll = |inverse| likelihood(logits, labels, classes, inverse)[0];
    Ok((1.0 / inverse, [nll(1.0), nll(inverse)]))
}

/// Mean negative log-likelihood at an inverse temperature, and its first and second derivative.
fn likelihood(logits: &[f32], labels: &[u32], classes: usize, inverse: f64) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
        let most = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let own = f64::from(row[label as usize]) - most;
        let [mut sum, mut first, mut second] = [0.0; 3];
        for &logit in row {
            let logit = f64::from(logit) - most;
            let weight = (inverse * logit).exp();
            sum += weight;
            first += weight * logit;
            second += weight * logit * logit;
        }
        let mean = first / sum;
        sums[0] += sum.ln() - inverse * own;
        sums[1] += mean - own;
        sums[2] += second / sum - mean * mean;
    }
    sums.map(|sum| sum / labels.len() as f64)
}

impl Temperature {
    /// Fits the temperature to the validation split and evaluates `split` at it.
    ///
    /// # Errors
    /// [`EvalError::NoValidation`]; as [`evaluate`].
    pub fn fit(
        network: &mut Classifier,
        dataset: &Arc<dyn Dataset>,
        split: Split,
        progress: &mut dyn Progress,
    ) -> Result<Self, EvalError> {
        network.check_fit(dataset.as_ref())?;
        if dataset.is_empty(Split::Validation) {
            return Err(EvalError::NoValidation { data: dataset.name().to_owned() });
        }
        let classes = network.classes();
        let most = (MOST_LOGITS / classes.max(1)).clamp(1, dataset.len(Split::Validation));
        progress.begin("temperature on the validation split", most);
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        let (pixels, size) = (Pixels::of(dataset.as_ref()), network.max_batch());
        for_each_batch(dataset, Split::Validation, size, most, progress, |_, batch| {
            let what = "the logits of the validation split";
            memory::append(&mut logits, &network.logits(&pixels.restore(&batch.images)?)?, what)?;
            Ok(memory::append(&mut labels, &batch.labels, what)?)
        })?;
        let (value, validation_nll) = fit_temperature(&logits, &labels, classes)?;
        let after = evaluate(network, dataset, split, value, progress)?;
        Ok(Self { value, validation_nll, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_that_were_multiplied_are_divided_again() {
        // Three classes at probabilities p: of each pattern as many labels as p says, so that temperature 1 is best.
        let probabilities = [0.6f32, 0.3, 0.1];
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for label in [0, 0, 0, 0, 0, 0, 1, 1, 1, 2] {
            logits.extend(probabilities.map(f32::ln));
            labels.push(label);
        }
        let (one, [before, after]) = fit_temperature(&logits, &labels, 3).unwrap();
        assert!((one - 1.0).abs() < 1e-6 && (before - after).abs() < 1e-12, "{one}");
        for factor in [0.125, 5.0, 40.0] {
            let scaled: Vec<f32> = logits.iter().map(|logit| logit * factor).collect();
            let (value, [before, after]) = fit_temperature(&scaled, &labels, 3).unwrap();
            assert!((value / f64::from(factor) - 1.0).abs() < 1e-5, "{factor}: {value}");
            assert!(after < before);
        }
    }

    #[test]
    fn nets_that_are_always_right_or_always_wrong_get_a_finite_temperature() {
        let (right, _) = fit_temperature(&[5.0, 0.0, 0.0, 5.0], &[0, 1], 2).unwrap();
        let (wrong, _) = fit_temperature(&[5.0, 0.0, 0.0, 5.0], &[1, 0], 2).unwrap();
        assert!(right > 0.0 && right < 0.1 && wrong > 100.0 && wrong.is_finite(), "{right} {wrong}");
        assert!(fit_temperature(&[], &[], 2).is_err() && fit_temperature(&[1.0], &[0], 2).is_err());
    }
}
