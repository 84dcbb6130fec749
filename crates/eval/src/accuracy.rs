//! Accuracy and calibration of a network on a labelled split.

use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::metrics::{Bins, Measure, REGISTRY};
use crate::progress::Progress;
use crate::sample::Sample;
use crate::stream::{Pixels, for_each_batch};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_data::{Dataset, Split};
use serde::Serialize;
use std::sync::Arc;

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

/// Sums of all metrics over the samples seen.
pub struct Accuracy {
    measures: Vec<Box<dyn Measure>>,
    confusion: Vec<Vec<u64>>,
    bins: Bins,
}

/// What a split says of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Samples seen.
    pub samples: u64,
    /// Value of every metric, in the order of the registry.
    pub metrics: Vec<f64>,
    /// `confusion[label][prediction]`: numbers of samples.
    pub confusion: Vec<Vec<u64>>,
    /// The reliability diagram: 15 bins of equal width.
    pub reliability: Bins,
}

impl Accuracy {
    /// Nothing seen yet, of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self {
            measures: REGISTRY.iter().map(|metric| (metric.new)(classes)).collect(),
            confusion: vec![vec![0; classes]; classes],
            bins: Bins::new(crate::metrics::BINS),
        }
    }

    /// Adds a sample of these classes.
    pub fn add(&mut self, sample: &Sample<'_>) {
        self.measures.iter_mut().for_each(|measure| measure.add(sample));
        if let Some(cell) =
            self.confusion.get_mut(sample.label).and_then(|row| row.get_mut(sample.prediction))
        {
            *cell += 1;
        }
        self.bins.add(sample.confidence(), sample.is_hit());
    }

    /// Adds `[samples][classes]` logits, divided by `temperature`.
    ///
    /// # Errors
    /// Labels that are no classes or not one a row, logits that are not finite.
    pub fn add_logits(&mut self, logits: &[f32], labels: &[u32], temperature: f64) -> Result<(), EvalError> {
        let classes = self.confusion.len();
        if logits.len() != labels.len() * classes {
            return Err(EvalError::Length {
                what: "logits",
                expected: labels.len() * classes,
                found: logits.len(),
            });
        }
        let mut buffer = Vec::new();
        for (row, &label) in logits.chunks_exact(classes.max(1)).zip(labels) {
            self.add(&Sample::from_logits(row, label, temperature, &mut buffer)?);
        }
        Ok(())
    }

    /// The values.
    ///
    /// # Errors
    /// [`EvalError::Empty`] if nothing was seen.
    pub fn finish(self) -> Result<Evaluation, EvalError> {
        let samples = self.confusion.iter().flatten().sum();
        if samples == 0 {
            return Err(EvalError::Empty { what: "the set to evaluate on".to_owned() });
        }
        Ok(Evaluation {
            samples,
            metrics: self.measures.iter().map(|measure| measure.value()).collect(),
            confusion: self.confusion,
            reliability: self.bins,
        })
    }
}

impl Evaluation {
    /// The metric called `name` in the registry.
    pub fn get(&self, name: &str) -> Option<f64> {
        let index = REGISTRY.iter().position(|metric| metric.name == name)?;
        self.metrics.get(index).copied()
    }

    /// One entry a class.
    pub fn classes(&self) -> Vec<ClassScore> {
        let class = |(class, row): (usize, &Vec<u64>)| ClassScore {
            samples: row.iter().sum(),
            correct: row.get(class).copied().unwrap_or(0),
        };
        self.confusion.iter().enumerate().map(class).collect()
    }
}

/// Whether there is room for the confusion of so many classes.
pub(crate) fn check_classes(classes: usize) -> Result<(), OutOfMemory> {
    let cells = (classes as u64).saturating_mul(classes as u64);
    memory::check_large(cells.saturating_mul(size_of::<u64>() as u64), "the confusion matrix")
}

/// Evaluates `network` on a whole split; logits are divided by `temperature` (1 leaves them).
///
/// # Errors
/// Images or classes of another kind than the network's, an empty split, data that cannot be read, logits that are not
/// finite.
pub fn evaluate(
    network: &mut Classifier,
    dataset: &Arc<dyn Dataset>,
    split: Split,
    temperature: f64,
    progress: &mut dyn Progress,
) -> Result<Evaluation, EvalError> {
    network.check_fit(dataset.as_ref())?;
    check_classes(network.classes())?;
    progress.begin(&format!("accuracy on {} {split}", dataset.name()), dataset.len(split));
    let (pixels, size) = (Pixels::of(dataset.as_ref()), network.max_batch());
    // Inputs of the network's own data go in as they are: the numbers that training reported come out.
    let own = dataset.normalization() == *network.normalization();
    let mut accuracy = Accuracy::new(network.classes());
    for_each_batch(dataset, split, size, usize::MAX, progress, |_, batch| {
        let logits = match own {
            true => network.logits_of_inputs(&batch.images)?,
            false => network.logits(&pixels.restore(&batch.images)?)?,
        };
        accuracy.add_logits(&logits, &batch.labels, temperature)
    })?;
    accuracy.finish()
}
