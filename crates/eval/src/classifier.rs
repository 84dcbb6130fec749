//! A network that takes pixels.

use crate::error::EvalError;
use rarefy_core::{Extent, memory};
use rarefy_data::{Dataset, Normalization};
use rarefy_nn::graph::Graph;
use rarefy_nn::optim::Optimizer;
use rarefy_nn::params::ParamStore;
use rarefy_nn::{LogitSlopes, Session, SessionOptions, StepOutcome};

/// A trained network in evaluation mode, with the constants its inputs are normalized by.
///
/// Pixels are in 0..=1, `[samples][channel][y][x]`. Every call takes up to [`Classifier::max_batch`] samples.
#[derive(Debug)]
pub struct Classifier {
    session: Session,
    normalization: Normalization,
    max_batch: usize,
    inputs: Vec<f32>,
}

impl Classifier {
    /// Compiles the network for batches of up to `max_batch` samples.
    ///
    /// # Errors
    /// Constants for another number of channels, a batch or threads of 0.
    pub fn new(
        graph: Graph,
        store: ParamStore,
        normalization: Normalization,
        max_batch: usize,
        threads: usize,
    ) -> Result<Self, EvalError> {
        let channels = graph.input().channels;
        for (constants, what) in [(&normalization.mean, "means"), (&normalization.std, "standard deviations")]
        {
            if constants.len() != channels {
                return Err(EvalError::Length { what, expected: channels, found: constants.len() });
            }
        }
        // Never steps: the rule is as good as any.
        let optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
        let session = Session::new(graph, store, SessionOptions { max_batch, threads, optimizer })?;
        Ok(Self { session, normalization, max_batch, inputs: Vec::new() })
    }

    /// Extent of an image.
    pub fn extent(&self) -> Extent {
        self.session.graph().input()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.session.graph().classes()
    }

    /// Largest batch of a call.
    pub fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// Numbers the classifying layer reads of a sample.
    pub fn feature_len(&self) -> usize {
        self.session.feature_len()
    }

    /// How pixels become inputs.
    pub fn normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// Checks that `dataset` has the network's images and classes.
    ///
    /// # Errors
    /// [`EvalError::Unfit`].
    pub fn check_fit(&self, dataset: &dyn Dataset) -> Result<(), EvalError> {
        check_fit(self.extent(), self.classes(), dataset)
    }

    /// Logits `[samples][classes]` of pixels.
    ///
    /// # Errors
    /// A number of pixels that is no whole batch, logits that are not finite.
    pub fn logits(&mut self, pixels: &[f32]) -> Result<Vec<f32>, EvalError> {
        let samples = self.normalize(pixels)?;
        let logits = self.session.logits(&self.inputs, samples)?;
        match finite(&logits) {
            true => Ok(logits),
            false => Err(trouble(&mut self.session, &self.inputs, samples)),
        }
    }

    /// Logits of inputs that are normalized already, with these same constants.
    ///
    /// # Errors
    /// As [`Classifier::logits`].
    pub fn logits_of_inputs(&mut self, inputs: &[f32]) -> Result<Vec<f32>, EvalError> {
        let samples = inputs.len() / self.extent().len().max(1);
        let logits = self.session.logits(inputs, samples)?;
        match finite(&logits) {
            true => Ok(logits),
            false => Err(trouble(&mut self.session, inputs, samples)),
        }
    }

    /// Logits and features, `[samples][feature_len]`: what the classifying layer reads.
    ///
    /// # Errors
    /// As [`Classifier::logits`].
    pub fn features(&mut self, pixels: &[f32]) -> Result<(Vec<f32>, Vec<f32>), EvalError> {
        let samples = self.normalize(pixels)?;
        let (logits, features) = self.session.features(&self.inputs, samples)?;
        match finite(&logits) && finite(&features) {
            true => Ok((logits, features)),
            false => Err(trouble(&mut self.session, &self.inputs, samples)),
        }
    }

    /// Loss, and the gradient of the *mean* cross-entropy with respect to the pixels.
    ///
    /// # Errors
    /// As [`Classifier::logits`]; labels that are no classes or not one a sample.
    pub fn loss_gradient(
        &mut self,
        pixels: &[f32],
        labels: &[u32],
    ) -> Result<(StepOutcome, Vec<f32>), EvalError> {
        self.normalize(pixels)?;
        let (outcome, mut gradient) = self.session.image_gradient(&self.inputs, labels)?;
        self.to_pixels(&mut gradient);
        Ok((outcome, gradient))
    }

    /// Gradient with respect to the pixels of a function whose gradient with respect to a sample's logits is `slopes(sample,
    /// logits, slope)`.
    ///
    /// # Errors
    /// As [`Classifier::logits`].
    pub fn gradient_of(
        &mut self,
        pixels: &[f32],
        slopes: &mut LogitSlopes<'_>,
    ) -> Result<Vec<f32>, EvalError> {
        let samples = self.normalize(pixels)?;
        let mut gradient = self.session.image_gradient_of(&self.inputs, samples, slopes)?;
        self.to_pixels(&mut gradient);
        Ok(gradient)
    }

    /// Puts `(pixel - mean) / std` into the inputs; gives the number of samples.
    fn normalize(&mut self, pixels: &[f32]) -> Result<usize, EvalError> {
        let Extent { channels, height, width } = self.extent();
        let (area, len) = (height * width, channels * height * width);
        if !pixels.len().is_multiple_of(len) {
            let expected = pixels.len().div_ceil(len) * len;
            return Err(EvalError::Length { what: "pixels", expected, found: pixels.len() });
        }
        let Self { inputs, normalization: Normalization { mean, std }, .. } = self;
        inputs.clear();
        memory::reserve(inputs, pixels.len(), "a batch of images")?;
        for (plane, pixels) in pixels.chunks_exact(area).enumerate() {
            let (mean, std) = (mean[plane % channels], std[plane % channels]);
            inputs.extend(pixels.iter().map(|&pixel| ((f64::from(pixel) - mean) / std) as f32));
        }
        Ok(pixels.len() / len)
    }

    /// Turns gradients with respect to inputs into those with respect to pixels.
    fn to_pixels(&self, gradient: &mut [f32]) {
        let Extent { channels, height, width } = self.extent();
        for (plane, gradient) in gradient.chunks_exact_mut(height * width).enumerate() {
            let std = self.normalization.std[plane % channels];
            gradient.iter_mut().for_each(|slope| *slope = (f64::from(*slope) / std) as f32);
        }
    }
}

/// Checks that `dataset` has images of `extent` and so many classes, which a network was made for.
///
/// # Errors
/// [`EvalError::Unfit`].
pub fn check_fit(extent: Extent, classes: usize, dataset: &dyn Dataset) -> Result<(), EvalError> {
    let describe = |Extent { channels, height, width }, classes| {
        format!("{channels}x{height}x{width} images of {classes} classes")
    };
    let (expected, found) = (describe(extent, classes), describe(dataset.extent(), dataset.classes()));
    match expected == found {
        true => Ok(()),
        false => {
            Err(EvalError::Unfit { what: format!("the data set `{}`", dataset.name()), expected, found })
        }
    }
}

fn finite(numbers: &[f32]) -> bool {
    numbers.iter().all(|number| number.is_finite())
}

/// The error of an evaluation of `inputs` that is not finite: where it begins.
fn trouble(session: &mut Session, inputs: &[f32], samples: usize) -> EvalError {
    let place = session.trouble_in_evaluation(inputs, samples);
    EvalError::NonFinite { place: place.unwrap_or_else(|| "a logit of the network".to_owned()) }
}
