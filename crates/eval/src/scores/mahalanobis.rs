//! Mahalanobis distance to the nearest class (Lee et al., NeurIPS 2018, section 2.1; the last features alone).

use super::{Detector, Distance, OfFeatures, Shape};

pub(super) const DETECTOR: Detector = Detector {
    name: "mahalanobis",
    about: "-min over classes of (f - mean)^T S^-1 (f - mean), f the features before the classifier; class means and the \
            tied covariance S of plain training images",
    learns: true,
    new: |shape| Box::new(OfFeatures { distance: Mahalanobis::new(shape), features: shape.features }),
};

/// Share of the mean variance added to every variance: features that never fire would make S singular.
const RIDGE: f64 = 1e-6;

struct Mahalanobis {
    features: usize,
    /// First sample seen: sums are of differences from it, which lose no digits.
    origin: Vec<f64>,
    counts: Vec<u64>,
    /// `[class][feature]`: sums, then means.
    means: Vec<f64>,
    /// Sums of products, then the lower Cholesky factor of S.
    factor: Vec<f64>,
}

impl Mahalanobis {
    fn new(shape: Shape) -> Self {
        let features = shape.features;
        Self {
            features,
            origin: Vec::new(),
            counts: vec![0; shape.classes],
            means: vec![0.0; shape.classes * features],
            factor: vec![0.0; features * features],
        }
    }
}

impl Distance for Mahalanobis {
    fn learn(&mut self, features: &[f32], labels: &[u32]) {
        let n = self.features;
        if self.origin.is_empty() {
            self.origin = features.iter().take(n).map(|&f| f64::from(f)).collect();
        }
        let mut difference = vec![0.0; n];
        for (feature, &label) in features.chunks_exact(n).zip(labels) {
            self.counts[label as usize] += 1;
            let mean = &mut self.means[label as usize * n..][..n];
            for (((d, f), o), mean) in difference.iter_mut().zip(feature).zip(&self.origin).zip(mean) {
                *d = f64::from(*f) - o;
                *mean += *d;
            }
            for (row, d) in difference.iter().enumerate() {
                let line = &mut self.factor[row * n..][..row + 1];
                line.iter_mut().zip(&difference).for_each(|(sum, other)| *sum += d * other);
            }
        }
    }

    fn learned(&mut self) -> bool {
        let n = self.features;
        let samples: u64 = self.counts.iter().sum();
        if samples == 0 {
            return false;
        }
        for (mean, &count) in self.means.chunks_exact_mut(n).zip(&self.counts) {
            mean.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
            for row in 0..n {
                for column in 0..=row {
                    self.factor[row * n + column] -= count as f64 * mean[row] * mean[column];
                }
            }
        }
        self.factor.iter_mut().for_each(|sum| *sum /= samples as f64);
        let trace: f64 = (0..n).map(|row| self.factor[row * n + row]).sum();
        let ridge = (RIDGE * trace / n as f64).max(f64::MIN_POSITIVE.sqrt());
        (0..n).for_each(|row| self.factor[row * n + row] += ridge);
        cholesky(&mut self.factor, n, ridge);
        true
    }

    /// Squared distance to the nearest class that has samples.
    fn distance(&mut self, feature: &[f32]) -> f64 {
        let n = self.features;
        let mut nearest = f64::INFINITY;
        let mut solved = vec![0.0; n];
        for (mean, _) in self.means.chunks_exact(n).zip(&self.counts).filter(|(_, count)| **count > 0) {
            let mut distance = 0.0;
            let differences = feature.iter().zip(&self.origin).zip(mean);
            for (row, ((&feature, origin), mean)) in differences.enumerate() {
                let line = &self.factor[row * n..][..row + 1];
                let known: f64 = line.iter().zip(&solved).take(row).map(|(l, y)| l * y).sum();
                solved[row] = (f64::from(feature) - origin - mean - known) / line[row];
                distance += solved[row] * solved[row];
            }
            nearest = nearest.min(distance);
        }
        nearest
    }
}

/// Replaces the lower half of a symmetric matrix by its Cholesky factor; no pivot falls below `least`.
fn cholesky(matrix: &mut [f64], n: usize, least: f64) {
    for row in 0..n {
        for column in 0..=row {
            let products = (0..column).map(|k| matrix[row * n + k] * matrix[column * n + k]);
            let rest = matrix[row * n + column] - products.sum::<f64>();
            matrix[row * n + column] = match row == column {
                true => rest.max(least).sqrt(),
                false => rest / matrix[column * n + column],
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_tied_covariance() {
        let mut score = Mahalanobis::new(Shape { classes: 2, features: 2, training: 8 });
        // Around (1, 2) and (11, 2): variance 1 along x, 4 along y, uncorrelated.
        let around = |x: f32| [[x - 1.0, 0.0], [x + 1.0, 4.0], [x - 1.0, 4.0], [x + 1.0, 0.0]];
        score.learn([around(1.0), around(11.0)].as_flattened().as_flattened(), &[0, 0, 0, 0, 1, 1, 1, 1]);
        assert!(score.learned());
        for (feature, expected) in
            [([1.0, 2.0], 0.0), ([3.0, 2.0], 4.0), ([11.0, 6.0], 4.0), ([10.0, 0.0], 2.0)]
        {
            assert!((score.distance(&feature) - expected).abs() < 1e-4, "{feature:?}");
        }
    }

    #[test]
    fn a_feature_that_never_fires_does_no_harm() {
        let mut score = Mahalanobis::new(Shape { classes: 1, features: 2, training: 2 });
        score.learn(&[1.0, 0.0, -1.0, 0.0], &[0, 0]);
        assert!(score.learned());
        assert!((score.distance(&[2.0, 0.0]) - 4.0).abs() < 1e-3);
        let mut empty = Mahalanobis::new(Shape { classes: 1, features: 2, training: 0 });
        assert!(!empty.learned());
    }
}
