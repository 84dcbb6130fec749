//! Accuracy on corrupted images: our own, or the official files.

use crate::accuracy::ClassScore;
use crate::classifier::Classifier;
use crate::corruptions::{NAME, REGISTRY, SEVERITIES};
use crate::error::EvalError;
use crate::npy::Npy;
use crate::progress::Progress;
use crate::sample::largest;
use crate::stream::{BATCH, Pixels, for_each_batch};
use rarefy_core::Extent;
use rarefy_core::memory;
use rarefy_data::{Dataset, Split};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Errors of one kind of corruption, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct CorruptionErrors {
    /// Its name.
    pub name: String,
    /// One error a severity, from 1 on.
    pub errors: Vec<f64>,
}

impl CorruptionErrors {
    /// Mean over severities.
    pub fn mean(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len().max(1) as f64
    }
}

/// Errors of `network` on the first `most` samples of a split under every kind of `rarefy-c`.
///
/// # Errors
/// Data that do not fit the network, an empty split, logits that are not finite.
pub fn corrupt(
    network: &mut Classifier,
    dataset: &Arc<dyn Dataset>,
    split: Split,
    most: usize,
    seed: u64,
    progress: &mut dyn Progress,
) -> Result<Vec<CorruptionErrors>, EvalError> {
    network.check_fit(dataset.as_ref())?;
    let (restore, size, extent) = (Pixels::of(dataset.as_ref()), network.max_batch(), network.extent());
    let mut all = Vec::new();
    for corruption in REGISTRY {
        progress.begin(&format!("{NAME} {}", corruption.name), SEVERITIES * most.min(dataset.len(split)));
        let mut errors = Vec::new();
        for severity in 1..=SEVERITIES {
            let mut score = ClassScore::default();
            for_each_batch(dataset, split, size, most, progress, |first, batch| {
                let mut pixels = restore.restore(&batch.images)?;
                corruption.apply(&mut pixels, extent, severity, first, seed);
                count(network, &pixels, &batch.labels, &mut score)
            })?;
            errors.push(1.0 - score.accuracy().unwrap_or(0.0));
        }
        all.push(CorruptionErrors { name: corruption.name.to_owned(), errors });
    }
    Ok(all)
}

/// The official CIFAR-10-C files (Hendrycks & Dietterich, ICLR 2019): a folder with `labels.npy` and a file a kind, each with
/// the test images at five severities in turn.
pub struct OfficialCorruptions {
    folder: PathBuf,
    names: Vec<String>,
    missing: Vec<String>,
    labels: Vec<u32>,
}

impl OfficialCorruptions {
    /// Opens the folder and checks the sizes of its files: `labels.npy` and one a kind of [`REGISTRY`]. With
    /// `allow_incomplete` kinds without a file are left out.
    ///
    /// # Errors
    /// No labels, labels that are not those of five severities, kinds without a file, files of another form or length.
    pub fn open(folder: &Path, allow_incomplete: bool) -> Result<Self, EvalError> {
        let path = folder.join("labels.npy");
        let labels = Npy::open(&path)?.integers()?;
        let each = labels.len() / SEVERITIES;
        if each == 0 || labels.len() != SEVERITIES * each {
            let problem = format!(
                "it has {} labels, expected those of the images at {SEVERITIES} severities",
                labels.len()
            );
            return Err(EvalError::File { path, problem });
        }
        let severities = || labels.chunks_exact(each);
        if let Some(at) = severities().position(|own| own != &labels[..each]) {
            let problem = format!("the labels of severity {} are not those of severity 1", at + 1);
            return Err(EvalError::File { path, problem });
        }
        let file = |name: &str| folder.join(format!("{name}.npy"));
        let kinds = REGISTRY.iter().map(|kind| kind.name.to_owned());
        let (names, missing): (Vec<String>, Vec<String>) = kinds.partition(|name| file(name).is_file());
        if names.is_empty() {
            let problem = "it holds no file of a known kind, e.g. gaussian_noise.npy".to_owned();
            return Err(EvalError::File { path: folder.to_owned(), problem });
        }
        if !missing.is_empty() && !allow_incomplete {
            let files: Vec<String> = missing.iter().map(|name| format!("{name}.npy")).collect();
            let kinds = REGISTRY.len();
            let problem =
                format!("of {kinds} kinds of corruption {} have no file: {}", files.len(), files.join(", "));
            return Err(EvalError::Incomplete { path: folder.to_owned(), problem });
        }
        for name in &names {
            let npy = Npy::open(&file(name))?;
            if npy.shape().first() != Some(&labels.len()) {
                let problem = format!(
                    "its shape is {:?}, expected {} images as in labels.npy",
                    npy.shape(),
                    labels.len()
                );
                return Err(EvalError::File { path: file(name), problem });
            }
            npy.check_images()?;
        }
        Ok(Self { folder: folder.to_owned(), names, missing, labels })
    }

    /// Kinds without a file.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Errors of `network` on the first `most` images of each severity under every kind that is there.
    ///
    /// # Errors
    /// Files of another form, images or labels that do not fit the network.
    pub fn evaluate(
        &self,
        network: &mut Classifier,
        most: usize,
        progress: &mut dyn Progress,
    ) -> Result<Vec<CorruptionErrors>, EvalError> {
        let classes = network.classes();
        if let Some(label) = self.labels.iter().find(|&&label| label as usize >= classes) {
            let found = format!("label {label}");
            let what = self.folder.join("labels.npy").display().to_string();
            return Err(EvalError::Unfit { what, expected: format!("{classes} classes"), found });
        }
        self.names.iter().map(|name| self.one(name, network, most, progress)).collect()
    }

    fn one(
        &self,
        name: &str,
        network: &mut Classifier,
        most: usize,
        progress: &mut dyn Progress,
    ) -> Result<CorruptionErrors, EvalError> {
        let path = self.folder.join(format!("{name}.npy"));
        let mut file = Npy::open(&path)?;
        let Extent { channels, height, width } = network.extent();
        let images = self.labels.len();
        let expected = [images, height, width, channels];
        if file.shape() != expected {
            let problem = format!("its shape is {:?}, expected {expected:?}", file.shape());
            return Err(EvalError::File { path, problem });
        }
        let (each, size) = (images / SEVERITIES, network.max_batch());
        let most = most.min(each);
        progress.begin(name, SEVERITIES * most);
        let mut errors = Vec::new();
        for labels in self.labels.chunks_exact(each) {
            let mut score = ClassScore::default();
            let (labels, rest) = labels.split_at(most);
            for labels in labels.chunks(size) {
                let bytes = file.bytes(labels.len().saturating_mul(network.extent().len()))?;
                let mut pixels = memory::zeros(bytes.len(), BATCH)?;
                // The file has channels last.
                let area = height * width;
                for (at, &byte) in bytes.iter().enumerate() {
                    let (image, place, channel) =
                        (at / (area * channels), at / channels % area, at % channels);
                    pixels[(image * channels + channel) * area + place] = f32::from(byte) / 255.0;
                }
                count(network, &pixels, labels, &mut score)?;
                progress.advance(labels.len());
            }
            // The file is read from front to back: the next severity lies behind.
            for skipped in rest.chunks(size) {
                file.bytes(skipped.len().saturating_mul(network.extent().len()))?;
            }
            errors.push(1.0 - score.accuracy().unwrap_or(0.0));
        }
        Ok(CorruptionErrors { name: name.to_owned(), errors })
    }
}

/// Adds a batch's hits.
fn count(
    network: &mut Classifier,
    pixels: &[f32],
    labels: &[u32],
    score: &mut ClassScore,
) -> Result<(), EvalError> {
    let logits = network.logits(pixels)?;
    for (row, &label) in logits.chunks_exact(network.classes()).zip(labels) {
        score.samples += 1;
        score.correct += u64::from(largest(row) == label as usize);
    }
    Ok(())
}
