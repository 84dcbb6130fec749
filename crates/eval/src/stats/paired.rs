//! The paired t test, and the adjustment of several of them.

use super::student::two_sided;
use super::summary::Summary;
use serde::Serialize;

/// A paired comparison of two settings over the seeds they share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Pairs.
    pub n: usize,
    /// Mean of `a - b`.
    pub difference: f64,
    /// Standard error of that mean; none of a single pair.
    pub standard_error: Option<f64>,
    /// Two-sided p of Student's paired t, 1 if the difference is 0; none of a single pair.
    pub p: Option<f64>,
}

impl Paired {
    /// Of pairs `(a, b)`; none of none.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
        let Summary { n, mean, std, .. } = Summary::of(&differences)?;
        let standard_error = std.map(|std| std / (n as f64).sqrt());
        let p = standard_error.map(|error| match (mean, error) {
            (0.0, _) => 1.0,
            (_, 0.0) => 0.0,
            _ => two_sided(mean / error, (n - 1) as f64),
        });
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
    fn paired_differences_are_tested_by_students_t() {
        let paired = Paired::of(&[(1.0, 0.0), (2.0, 0.0), (4.0, 1.0)]).unwrap();
        // Differences 1, 2, 3: t = 2 sqrt 3, two degrees of freedom.
        assert!((paired.p.unwrap() - 0.074_179_9).abs() < 1e-6, "{paired:?}");
        assert_eq!(Paired::of(&[(1.0, 1.0), (2.0, 2.0)]).unwrap().p, Some(1.0));
        let single = Paired { n: 1, difference: -1.0, standard_error: None, p: None };
        assert_eq!(Paired::of(&[(1.0, 2.0)]), Some(single));
        assert_eq!(Paired::of(&[]), None);
    }

    #[test]
    fn holm_multiplies_by_the_tests_that_are_left_and_keeps_the_order() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{adjusted:?}");
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
