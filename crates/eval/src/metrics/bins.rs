//! Samples sorted into bins by confidence: the reliability diagram.

use serde::Serialize;

/// Samples whose confidence is in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Their number.
    pub samples: u64,
    /// Those classified right.
    pub correct: u64,
    /// Sum of their confidences.
    pub confidence_sum: f64,
}

/// Bins of equal width over 0..=1, each open on the left: (lo, hi]. A confidence of 0 is in the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Bins(Vec<Bin>);

impl Bin {
    /// Adds a sample.
    pub fn add(&mut self, confidence: f64, hit: bool) {
        self.samples += 1;
        self.correct += u64::from(hit);
        self.confidence_sum += confidence;
    }

    /// Share classified right, 0 of an empty bin.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }

    /// Mean confidence, 0 of an empty bin.
    pub fn confidence(&self) -> f64 {
        self.confidence_sum / self.samples.max(1) as f64
    }

    /// `|accuracy - confidence|`.
    pub fn gap(&self) -> f64 {
        (self.accuracy() - self.confidence()).abs()
    }
}

impl Bins {
    /// `count` empty bins.
    pub fn new(count: usize) -> Self {
        Self(vec![Bin::default(); count])
    }

    /// Sorts a sample in.
    pub fn add(&mut self, confidence: f64, hit: bool) {
        let count = self.0.len();
        let edge = |bin: usize| bin as f64 / count as f64;
        let mut bin = ((confidence * count as f64).ceil() as usize).clamp(1, count) - 1;
        // The product may have rounded across an edge.
        if bin > 0 && confidence <= edge(bin) {
            bin -= 1;
        } else if bin + 1 < count && confidence > edge(bin + 1) {
            bin += 1;
        }
        self.0[bin].add(confidence, hit);
    }

    /// The bins, from confidence 0 to 1.
    pub fn all(&self) -> &[Bin] {
        &self.0
    }

    /// `sum |B| / n |accuracy - confidence|`, the expected calibration error; 0 of nothing.
    pub fn expected_gap(&self) -> f64 {
        let samples: u64 = self.0.iter().map(|bin| bin.samples).sum();
        self.0.iter().map(|bin| bin.samples as f64 * bin.gap()).sum::<f64>() / samples.max(1) as f64
    }

    /// Largest gap of a bin that is not empty.
    pub fn largest_gap(&self) -> f64 {
        self.0.iter().filter(|bin| bin.samples > 0).map(Bin::gap).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_on_an_edge_belongs_to_the_lower_bin() {
        for count in [1usize, 2, 3, 7, 10, 15, 49] {
            for bin in 0..count {
                let mut bins = Bins::new(count);
                let edge = (bin + 1) as f64 / count as f64;
                bins.add(edge, true);
                assert_eq!(bins.all()[bin].samples, 1, "edge {edge} of {count}");
                bins.add(edge.next_up().min(1.0), true);
                assert_eq!(
                    bins.all()[(bin + 1).min(count - 1)].samples,
                    if bin + 1 == count { 2 } else { 1 }
                );
            }
        }
        let mut bins = Bins::new(15);
        bins.add(0.0, false);
        assert_eq!(bins.all()[0].samples, 1);
    }
}
