//! Temperature scaling (Guo et al., ICML 2017, section 4.2).

use crate::accuracy::{Evaluation, evaluate};
use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::progress::Progress;
use crate::sample::Sample;
use crate::stream::{Pixels, for_each_batch};
use rarefy_core::memory;
use rarefy_data::{Dataset, Split};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Most logits that are held to fit the temperature: 64 MB. One number is fitted; of larger validation splits the first
/// samples do.
const MOST_LOGITS: usize = 1 << 24;
/// The temperatures that are fitted. Those that are published for trained networks are between one half and five; beyond
/// this range, a factor of 20 either way, the few least certain samples of the validation split decide alone.
pub const TEMPERATURES: RangeInclusive<f64> = 0.05..=20.0;
const STEPS: usize = 100;

/// A temperature and what it does to the samples that it was fitted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FittedTemperature {
    /// What logits are divided by: 1 if it is not identified.
    pub value: f64,
    /// Mean negative log-likelihood before and after.
    pub nll: [f64; 2],
    /// Why the likelihood has no minimum within [`TEMPERATURES`], if it has none.
    pub unidentified: Option<Unidentified>,
}

/// Why a temperature is not identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unidentified {
    /// Every sample is classified right.
    NoErrors {
        /// Number of samples.
        samples: usize,
    },
    /// The likelihood is no better at any temperature above the lowest.
    Lowest,
    /// The likelihood is no better at any temperature below the highest.
    Highest,
}

impl fmt::Display for Unidentified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lowest, highest) = (TEMPERATURES.start(), TEMPERATURES.end());
        match self {
            Self::NoErrors { samples } => write!(
                f,
                "all {samples} samples of the validation split are classified right, so their nll falls the lower the \
                 temperature is"
            ),
            Self::Lowest => {
                write!(f, "the nll of the validation split has no minimum above a temperature of {lowest}")
            }
            Self::Highest => {
                write!(f, "the nll of the validation split has no minimum below a temperature of {highest}")
            }
        }
    }
}

/// A fitted temperature and the network at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperature {
    /// The temperature, fitted to the validation split.
    pub fitted: FittedTemperature,
    /// The evaluated split at this temperature.
    pub after: Evaluation,
}

/// The temperature within [`TEMPERATURES`] that minimizes the mean negative log-likelihood of `[samples][classes]` logits.
///
/// The likelihood is convex in the inverse temperature, so it has a minimum inside if and only if its slope changes sign
/// between the ends; without one (a network that is always right wants a temperature of 0) the temperature stays 1. The
/// minimum is found by Newton's method, kept inside a bracket that bisection shrinks.
///
/// # Errors
/// No samples, labels that are no classes or not one a row of logits, logits that are not finite.
pub fn fit_temperature(
    logits: &[f32],
    labels: &[u32],
    classes: usize,
) -> Result<FittedTemperature, EvalError> {
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
    let (mut buffer, mut hits) = (Vec::new(), 0);
    for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
        hits += usize::from(Sample::from_logits(row, label, 1.0, &mut buffer)?.is_hit());
    }
    let at = |inverse| likelihood(logits, labels, classes, inverse);
    let (mut low, mut high, mut inverse) = (1.0 / TEMPERATURES.end(), 1.0 / TEMPERATURES.start(), 1.0);
    let [before, ..] = at(1.0);
    let unidentified = match (at(low)[1] < 0.0, at(high)[1] > 0.0) {
        _ if hits == labels.len() => Some(Unidentified::NoErrors { samples: hits }),
        (true, true) => None,
        (true, false) => Some(Unidentified::Lowest),
        (false, _) => Some(Unidentified::Highest),
    };
    if unidentified.is_some() {
        return Ok(FittedTemperature { value: 1.0, nll: [before; 2], unidentified });
    }
    for _ in 0..STEPS {
        let [_, slope, curvature] = at(inverse);
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
    Ok(FittedTemperature { value: 1.0 / inverse, nll: [before, at(inverse)[0]], unidentified })
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
        let fitted = fit_temperature(&logits, &labels, classes)?;
        let after = evaluate(network, dataset, split, fitted.value, progress)?;
        Ok(Self { fitted, after })
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
        let one = fit_temperature(&logits, &labels, 3).unwrap();
        assert!((one.value - 1.0).abs() < 1e-6 && (one.nll[0] - one.nll[1]).abs() < 1e-12, "{one:?}");
        for factor in [0.125, 5.0, 15.0] {
            let scaled: Vec<f32> = logits.iter().map(|logit| logit * factor).collect();
            let FittedTemperature { value, nll, unidentified } =
                fit_temperature(&scaled, &labels, 3).unwrap();
            assert!((value / f64::from(factor) - 1.0).abs() < 1e-5, "{factor}: {value}");
            assert!(nll[1] < nll[0] && unidentified.is_none());
        }
        for (factor, expected) in [(0.04, Unidentified::Lowest), (25.0, Unidentified::Highest)] {
            let scaled: Vec<f32> = logits.iter().map(|logit| logit * factor).collect();
            let fitted = fit_temperature(&scaled, &labels, 3).unwrap();
            assert_eq!((fitted.value, fitted.unidentified), (1.0, Some(expected)));
        }
    }

    #[test]
    fn a_likelihood_without_a_minimum_leaves_the_temperature_at_one() {
        let reason = |logits: &[f32], labels: &[u32]| {
            let fitted = fit_temperature(logits, labels, 2).unwrap();
            assert_eq!((fitted.value, fitted.nll[0]), (1.0, fitted.nll[1]));
            fitted.unidentified.unwrap()
        };
        let right = reason(&[5.0, 0.0, 0.0, 5.0], &[0, 1]);
        assert_eq!(right, Unidentified::NoErrors { samples: 2 });
        assert!(right.to_string().contains("all 2 samples"), "{right}");
        assert_eq!(reason(&[5.0, 0.0, 0.0, 5.0], &[1, 0]), Unidentified::Highest);
        // Nothing depends on the temperature.
        assert_eq!(reason(&[1.0; 4], &[0, 1]), Unidentified::Highest);
    }

    #[test]
    fn what_is_no_set_of_samples_is_refused() {
        for (logits, labels) in
            [(&[][..], &[][..]), (&[1.0], &[0]), (&[1.0, 0.0], &[2]), (&[f32::NAN, 0.0], &[0])]
        {
            assert!(fit_temperature(logits, labels, 2).is_err(), "{logits:?} {labels:?}");
        }
    }
}
