//! What logits and labels say of a network.

/// Sums over the samples of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    classes: Vec<ClassScore>,
    loss_sum: f64,
    top5: u64,
}

/// The samples of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassScore {
    /// Samples of the class.
    pub samples: u64,
    /// Those classified right.
    pub correct: u64,
}

impl ClassScore {
    /// Share classified right; none without samples.
    pub fn accuracy(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.correct as f64 / self.samples as f64)
    }
}

impl Scores {
    /// Nothing seen yet.
    pub(super) fn new(classes: usize) -> Self {
        Self { classes: vec![ClassScore::default(); classes], loss_sum: 0.0, top5: 0 }
    }

    /// Adds samples: `logits` are `[samples][classes]`. Equal logits rank by class, the lower first. Cross-entropy is computed
    /// in f64.
    pub(super) fn add(&mut self, logits: &[f32], labels: &[u32]) {
        for (row, &label) in logits.chunks_exact(self.classes.len()).zip(labels) {
            let label = label as usize;
            let (Some(&own), Some(class)) = (row.get(label), self.classes.get_mut(label)) else { continue };
            let ahead = |(other, &logit): (usize, &f32)| logit > own || logit == own && other < label;
            // Behind a logit that is no number nothing ranks; the loss tells.
            let rank = row.iter().enumerate().filter(|&entry| ahead(entry)).count();
            class.samples += 1;
            class.correct += u64::from(rank == 0);
            self.top5 += u64::from(rank < 5);
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = row.iter().map(|&logit| (f64::from(logit) - f64::from(most)).exp()).sum();
            self.loss_sum += sum.ln() + f64::from(most) - f64::from(own);
        }
    }

    /// Samples seen.
    pub fn samples(&self) -> u64 {
        self.classes.iter().map(|class| class.samples).sum()
    }

    /// Share whose largest logit is the label's.
    pub fn accuracy(&self) -> f64 {
        self.share(self.classes.iter().map(|class| class.correct).sum())
    }

    /// Share whose label is among the five largest logits.
    pub fn top5(&self) -> f64 {
        self.share(self.top5)
    }

    /// Mean cross-entropy, natural log.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.samples().max(1) as f64
    }

    /// One entry a class.
    pub fn classes(&self) -> &[ClassScore] {
        &self.classes
    }

    fn share(&self, count: u64) -> f64 {
        count as f64 / self.samples().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_losses_are_those_of_the_logits() {
        let mut scores = Scores::new(6);
        // Right; sixth; a tie with a lower class, which wins.
        let logits =
            [[3.0, 0.0, 0.0, 0.0, 0.0, 0.0], [5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]];
        scores.add(logits.as_flattened(), &[0, 5, 1]);
        assert_eq!(scores.samples(), 3);
        assert_eq!(scores.accuracy(), 1.0 / 3.0);
        assert_eq!(scores.top5(), 2.0 / 3.0);
        let loss = |row: &[f32; 6], label: usize| -> f64 {
            row.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln() - f64::from(row[label])
        };
        let expected = (loss(&logits[0], 0) + loss(&logits[1], 5) + loss(&logits[2], 1)) / 3.0;
        assert!((scores.loss() - expected).abs() < 1e-12);
        let class = |class: usize| scores.classes()[class].accuracy();
        assert_eq!([class(0), class(1), class(2)], [Some(1.0), Some(0.0), None]);
    }

    #[test]
    fn huge_logits_have_a_finite_loss_and_no_number_has_none() {
        let mut scores = Scores::new(2);
        scores.add(&[1e30, -1e30, -3e38, 3e38], &[0, 1]);
        assert_eq!(scores.loss(), 0.0);
        scores.add(&[f32::NAN, 0.0], &[1]);
        assert!(!scores.loss().is_finite());
    }
}
