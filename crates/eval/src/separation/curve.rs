//! Counts of positives and negatives at or above every threshold.

/// Everything at or above one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The score.
    pub threshold: f64,
    /// Positives with at least this score.
    pub positives: u64,
    /// Negatives with at least this score.
    pub negatives: u64,
}

/// One point a distinct score, from the highest down.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The points; the last one has all samples.
    pub points: Vec<Point>,
}

impl Curve {
    /// The curve of these scores.
    pub(super) fn new(positives: &[f64], negatives: &[f64]) -> Self {
        let all = positives.iter().map(|&score| (score, true));
        let mut all: Vec<(f64, bool)> = all.chain(negatives.iter().map(|&score| (score, false))).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut points: Vec<Point> = Vec::new();
        let (mut above, mut wrong) = (0, 0);
        for (threshold, positive) in all {
            above += u64::from(positive);
            wrong += u64::from(!positive);
            let point = Point { threshold, positives: above, negatives: wrong };
            match points.last_mut() {
                Some(last) if last.threshold == threshold => *last = point,
                _ => points.push(point),
            }
        }
        Self { points }
    }

    /// Positives and negatives in all.
    pub fn totals(&self) -> (u64, u64) {
        self.points.last().map_or((0, 0), |last| (last.positives, last.negatives))
    }

    /// Area under the ROC curve by the trapezoidal rule: ties count one half.
    pub fn area(&self) -> f64 {
        let (positives, negatives) = self.totals();
        let (mut area, mut before) = (0.0, (0, 0));
        for point in &self.points {
            area += (point.negatives - before.1) as f64 * (point.positives + before.0) as f64 / 2.0;
            before = (point.positives, point.negatives);
        }
        area / (positives as f64 * negatives as f64)
    }

    /// Average precision: `sum (recall_k - recall_{k-1}) precision_k`.
    pub fn average_precision(&self) -> f64 {
        let (positives, _) = self.totals();
        let (mut sum, mut before) = (0.0, 0);
        for point in &self.points {
            let precision = point.positives as f64 / (point.positives + point.negatives) as f64;
            sum += (point.positives - before) as f64 * precision;
            before = point.positives;
        }
        sum / positives as f64
    }

    /// Share of the negatives at or above the largest threshold that has at least `recall` of the positives.
    pub fn false_positives_at(&self, recall: f64) -> f64 {
        let (positives, negatives) = self.totals();
        let reached = |point: &&Point| point.positives as f64 / positives as f64 >= recall;
        self.points.iter().find(reached).map_or(1.0, |point| point.negatives as f64 / negatives as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_count_pairs_and_ties_one_half() {
        let curve = Curve::new(&[3.0, 2.0, 1.0], &[2.0, 0.0]);
        // Pairs won: 3 > 2, 3 > 0, 2 = 2 (half), 2 > 0, 1 < 2, 1 > 0.
        assert!((curve.area() - 4.5 / 6.0).abs() < 1e-15);
        assert_eq!(Curve::new(&[1.0, 1.0], &[1.0]).area(), 0.5);
        assert_eq!(Curve::new(&[2.0], &[1.0]).area(), 1.0);
        // Precision 1 at 3; 2/3 at 2 (tied with a negative); 3/4 at 1.
        assert!((curve.average_precision() - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-15);
        assert_eq!(curve.false_positives_at(0.95), 0.5);
    }
}
