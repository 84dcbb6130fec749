//! Means, intervals and paired tests over seeds.

mod student;

use serde::Serialize;
use student::{quantile, two_sided};

/// Several measurements of one quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Sample standard deviation (n - 1); none of a single one.
    pub std: Option<f64>,
    /// 95 % interval of the mean by Student's t; none of a single one.
    pub interval: Option<[f64; 2]>,
}

impl Summary {
    /// Of these numbers; none of none.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let n = numbers.len();
        if n == 0 {
            return None;
        }
        let mean = numbers.iter().sum::<f64>() / n as f64;
        let squares: f64 = numbers.iter().map(|x| (x - mean) * (x - mean)).sum();
        let std = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        let interval = std.map(|std| {
            let reach = quantile(0.975, (n - 1) as f64) * std / (n as f64).sqrt();
            [mean - reach, mean + reach]
        });
        Some(Self { n, mean, std, interval })
    }
}

/// A paired comparison of two ways over the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Pairs.
    pub n: usize,
    /// Mean of `a - b`.
    pub difference: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
    /// Two-sided p of Student's paired t; 1 if all differences are 0.
    pub p: f64,
}

impl Paired {
    /// Of `a - b`; none below two pairs.
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let Summary { n, mean, std, .. } = Summary::of(&differences)?;
        let standard_error = std? / (n as f64).sqrt();
        let p = match (mean, standard_error) {
            (0.0, _) => 1.0,
            (_, 0.0) => 0.0,
            _ => two_sided(mean / standard_error, (n - 1) as f64),
        };
        Some(Self { n, difference: mean, standard_error, p })
    }
}

/// Holm's step-down adjustment of several p values (Holm, Scandinavian Journal of Statistics 1979), in the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut least: f64 = 0.0;
    for (rank, &at) in order.iter().enumerate() {
        least = least.max((p.len() - rank) as f64 * p[at]).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_those_of_the_textbook() {
        let Summary { n, mean, std, interval } =
            Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((n, mean), (8, 5.0));
        let std = std.unwrap();
        assert!((std - (32.0f64 / 7.0).sqrt()).abs() < 1e-12);
        // t(0.975, 7) = 2.364624.
        let [low, high] = interval.unwrap();
        assert!(
            (high - 5.0 - 2.364_624_25 * std / 8f64.sqrt()).abs() < 1e-6 && (low + high - 10.0).abs() < 1e-9
        );
        assert_eq!(Summary::of(&[1.0]).unwrap().std, None);
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn paired_differences_are_tested_by_students_t() {
        let paired = Paired::of(&[1.0, 2.0, 4.0], &[0.0, 0.0, 1.0]).unwrap();
        // Differences 1, 2, 3: t = 2 sqrt 3, two degrees of freedom.
        assert!((paired.p - 0.074_179_9).abs() < 1e-6, "{}", paired.p);
        assert_eq!(Paired::of(&[1.0, 2.0], &[1.0, 2.0]).unwrap().p, 1.0);
        assert_eq!(Paired::of(&[1.0], &[2.0]), None);
    }

    #[test]
    fn holm_multiplies_by_the_tests_that_are_left_and_keeps_the_order() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{adjusted:?}");
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
