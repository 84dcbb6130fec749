//! Several measurements of one quantity.

use super::student::quantile;
use serde::Serialize;

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
}
