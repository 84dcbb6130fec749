//! Ensembles: the mean of several networks' probabilities (Lakshminarayanan et al., NeurIPS 2017).

use crate::accuracy::{Accuracy, Evaluation, check_classes};
use crate::classifier::Classifier;
use crate::error::EvalError;
use crate::progress::Progress;
use crate::sample::Sample;
use crate::stream::{Pixels, for_each_batch};
use rarefy_core::memory;
use rarefy_data::{Dataset, Split};
use std::sync::Arc;

/// Evaluates the mean of the networks' probabilities on a split.
///
/// # Errors
/// No networks; data that do not fit one of them, an empty split, logits that are not finite.
pub fn ensemble(
    networks: &mut [&mut Classifier],
    dataset: &Arc<dyn Dataset>,
    split: Split,
    progress: &mut dyn Progress,
) -> Result<Evaluation, EvalError> {
    networks.iter().try_for_each(|network| network.check_fit(dataset.as_ref()))?;
    let Some(size) = networks.iter().map(|network| network.max_batch()).min() else {
        return Err(EvalError::Empty { what: "the ensemble".to_owned() });
    };
    check_classes(dataset.classes())?;
    let (classes, share) = (dataset.classes(), 1.0 / networks.len() as f64);
    let (restore, mut accuracy) = (Pixels::of(dataset.as_ref()), Accuracy::new(classes));
    progress.begin(&format!("ensemble on {} {split}", dataset.name()), dataset.len(split));
    let mut buffer = Vec::new();
    for_each_batch(dataset, split, size, usize::MAX, progress, |_, batch| {
        let pixels = restore.restore(&batch.images)?;
        let mut means = memory::zeros(batch.len().saturating_mul(classes), "the probabilities of a batch")?;
        for network in networks.iter_mut() {
            let logits = network.logits(&pixels)?;
            let rows = logits.chunks_exact(classes).zip(means.chunks_exact_mut(classes));
            for ((row, mean), &label) in rows.zip(&batch.labels) {
                let sample = Sample::from_logits(row, label, 1.0, &mut buffer)?;
                mean.iter_mut().zip(sample.probabilities).for_each(|(mean, p)| *mean += share * p);
            }
        }
        for (mean, &label) in means.chunks_exact(classes).zip(&batch.labels) {
            accuracy.add(&Sample::from_probabilities(mean, label)?);
        }
        Ok(())
    })?;
    accuracy.finish()
}
