//! One prediction and what is known of it.

use crate::error::EvalError;

/// The class probabilities of one sample, in f64, and its label.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// One probability a class; they sum to 1.
    pub probabilities: &'a [f64],
    /// Natural logarithm of the label's probability; finite even where that is 0 in f64.
    pub log_probability: f64,
    /// The right class.
    pub label: usize,
    /// The most probable class; ties go to the lower one.
    pub prediction: usize,
    /// Classes ranked before the label.
    pub rank: usize,
}

impl<'a> Sample<'a> {
    /// Softmax of `logits` divided by `temperature`, in f64 from f32; `buffer` takes the probabilities.
    ///
    /// # Errors
    /// A label that is no class, a logit that is not finite.
    pub fn from_logits(
        logits: &[f32],
        label: u32,
        temperature: f64,
        buffer: &'a mut Vec<f64>,
    ) -> Result<Self, EvalError> {
        let label = checked(label, logits.len())?;
        if let Some(class) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(EvalError::NonFinite { place: format!("the logit of class {class}") });
        }
        let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        buffer.clear();
        buffer.extend(logits.iter().map(|&logit| ((f64::from(logit) - most) / temperature).exp()));
        let sum: f64 = buffer.iter().sum();
        buffer.iter_mut().for_each(|probability| *probability /= sum);
        let log_probability = (f64::from(logits[label]) - most) / temperature - sum.ln();
        // Logits tell apart what probabilities may round to the same number.
        let (prediction, rank) = (largest(logits), rank(logits, label));
        Ok(Self { probabilities: buffer, log_probability, label, prediction, rank })
    }

    /// The sample with these probabilities, e.g. the mean of an ensemble's.
    ///
    /// # Errors
    /// A label that is no class, a probability that is not finite.
    pub fn from_probabilities(probabilities: &'a [f64], label: u32) -> Result<Self, EvalError> {
        let label = checked(label, probabilities.len())?;
        if let Some(class) = probabilities.iter().position(|probability| !probability.is_finite()) {
            return Err(EvalError::NonFinite { place: format!("the probability of class {class}") });
        }
        let log_probability = probabilities[label].max(f64::MIN_POSITIVE).ln();
        let (prediction, rank) = (largest(probabilities), rank(probabilities, label));
        Ok(Self { probabilities, log_probability, label, prediction, rank })
    }

    /// Whether the most probable class is the label.
    pub fn is_hit(&self) -> bool {
        self.prediction == self.label
    }

    /// Probability of the predicted class.
    pub fn confidence(&self) -> f64 {
        self.probabilities[self.prediction]
    }
}

fn checked(label: u32, classes: usize) -> Result<usize, EvalError> {
    match label as usize {
        label if label < classes => Ok(label),
        label => Err(EvalError::Unfit {
            what: format!("a sample of class {label}"),
            expected: format!("labels below {classes}"),
            found: format!("label {label}"),
        }),
    }
}

/// First index of the largest number.
pub(crate) fn largest<T: PartialOrd + Copy>(numbers: &[T]) -> usize {
    let better = |best: usize, at: usize| if numbers[at] > numbers[best] { at } else { best };
    (1..numbers.len()).fold(0, better)
}

fn rank<T: PartialOrd + Copy>(numbers: &[T], own: usize) -> usize {
    let value = numbers[own];
    let ahead = |(other, &number): (usize, &T)| number > value || number == value && other < own;
    numbers.iter().enumerate().filter(|&entry| ahead(entry)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logits_rank_by_class() {
        let mut buffer = Vec::new();
        let sample = Sample::from_logits(&[1.0, 1.0, 0.0], 1, 1.0, &mut buffer).unwrap();
        assert_eq!((sample.prediction, sample.rank, sample.is_hit()), (0, 1, false));
    }

    #[test]
    fn huge_logits_have_a_finite_loss_and_no_number_is_an_error() {
        let mut buffer = Vec::new();
        let sample = Sample::from_logits(&[-1e30, 1e30], 0, 1.0, &mut buffer).unwrap();
        assert!(sample.log_probability.is_finite() && sample.log_probability < -1e30);
        for bad in [f32::NAN, f32::INFINITY] {
            let error = Sample::from_logits(&[0.0, bad], 0, 1.0, &mut buffer).unwrap_err().to_string();
            assert!(error.contains("logit of class 1"), "{error}");
        }
        let error = Sample::from_logits(&[0.0, 1.0], 2, 1.0, &mut buffer).unwrap_err().to_string();
        assert!(error.contains("labels below 2"), "{error}");
    }
}
