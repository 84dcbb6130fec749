//! Distance to the k-th nearest training image (Sun et al., ICML 2022, section 3).

use super::{Detector, Distance, OfFeatures, Shape};

pub(super) const DETECTOR: Detector = Detector {
    name: "knn",
    about: "minus the distance to the 50th nearest of the training images, in features of length 1",
    learns: true,
    new: |shape| Box::new(OfFeatures { distance: Knn::new(shape, K), features: shape.features }),
};

const K: usize = 50;
/// Most numbers of training features that are kept: 128 MB. Of more images every n-th is kept.
pub(super) const MOST: usize = 1 << 25;

struct Knn {
    features: usize,
    k: usize,
    every: usize,
    seen: usize,
    bank: Vec<f32>,
    /// Squared distances of the sample at hand.
    squares: Vec<f32>,
}

impl Knn {
    fn new(shape: Shape, k: usize) -> Self {
        let every = shape.training.saturating_mul(shape.features).div_ceil(MOST).max(1);
        Self { features: shape.features, k, every, seen: 0, bank: Vec::new(), squares: Vec::new() }
    }
}

impl Distance for Knn {
    fn learn(&mut self, features: &[f32], _labels: &[u32]) {
        for feature in features.chunks_exact(self.features) {
            if self.seen.is_multiple_of(self.every) {
                self.bank.extend(unit(feature));
            }
            self.seen += 1;
        }
    }

    fn learned(&mut self) -> bool {
        !self.bank.is_empty()
    }

    /// To the k-th nearest.
    fn distance(&mut self, feature: &[f32]) -> f64 {
        let own = unit(feature);
        self.squares.clear();
        self.squares.extend(self.bank.chunks_exact(self.features).map(|other| square(&own, other)));
        let place = self.k.min(self.squares.len()) - 1;
        let (_, nearest, _) = self.squares.select_nth_unstable_by(place, f32::total_cmp);
        f64::from(*nearest).sqrt()
    }
}

/// The vector at length 1; one of zeros stays.
fn unit(feature: &[f32]) -> Vec<f32> {
    let length = feature.iter().map(|&f| f64::from(f) * f64::from(f)).sum::<f64>().sqrt();
    let factor = if length > 0.0 { 1.0 / length } else { 0.0 };
    feature.iter().map(|&f| (f64::from(f) * factor) as f32).collect()
}

/// Squared distance, in eight interleaved sums.
fn square(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.0.iter().zip(b.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest: f32 = a.1.iter().zip(b.1).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kth_nearest_is_found_whatever_the_length() {
        let mut score = Knn::new(Shape { classes: 1, features: 2, training: 3 }, 2);
        score.learn(&[1.0, 0.0, 0.0, 5.0, -2.0, 0.0], &[0, 0, 0]);
        // At right angles, sqrt 2; the opposite side is farther.
        assert!((score.distance(&[7.0, 0.0]) - 2f64.sqrt()).abs() < 1e-6);
        assert!(!Knn::new(Shape { classes: 1, features: 2, training: 0 }, 2).learned());
        let nine: Vec<f32> = (0..9u8).map(f32::from).collect();
        assert_eq!(square(&nine, &[0.0; 9]), 204.0);
    }

    #[test]
    fn of_too_many_images_every_nth_is_kept() {
        let mut score = Knn::new(Shape { classes: 1, features: 1, training: MOST * 2 }, 1);
        score.learn(&[1.0; 10], &[0; 10]);
        assert_eq!(score.bank.len(), 5);
    }
}
