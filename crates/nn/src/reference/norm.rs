//! Batch normalization (Ioffe & Szegedy 2015), with PyTorch's running statistics.

use super::Scalar;
use crate::graph::{BATCH_NORM_EPS, BATCH_NORM_MOMENTUM, Extent};

/// What one batch norm normalized with: the batch's statistics in training, the running ones in evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct NormStatistics<T> {
    /// Mean of each channel.
    pub mean: Vec<T>,
    /// Variance of each channel: biased (divided by the count) in training.
    pub variance: Vec<T>,
    /// Numbers each channel's statistics were taken over: `batch * height * width`.
    pub count: usize,
}

impl<T: Scalar> NormStatistics<T> {
    /// Mean and biased variance of each channel of `input` `[batch, channels, h, w]`.
    pub(super) fn of_batch(input: &[T], extent: Extent) -> Self {
        let count = input.len() / extent.channels;
        let divisor = T::from_f64(count as f64);
        let (mut mean, mut variance) = (Vec::new(), Vec::new());
        for channel in 0..extent.channels {
            let mut sum = T::ZERO;
            planes(input, extent, channel).for_each(|&x| sum += x);
            let center = sum / divisor;
            let mut squares = T::ZERO;
            planes(input, extent, channel).for_each(|&x| squares += (x - center) * (x - center));
            mean.push(center);
            variance.push(squares / divisor);
        }
        Self { mean, variance, count }
    }

    /// Moves running statistics towards these: weight 0.1, with the *unbiased* variance of the batch.
    pub(super) fn update_running(&self, running_mean: &mut [T], running_var: &mut [T]) {
        let new = T::from_f64(BATCH_NORM_MOMENTUM);
        let old = T::from_f64(1.0 - BATCH_NORM_MOMENTUM);
        let unbiased = T::from_f64(self.count as f64 / (self.count as f64 - 1.0));
        for (running, &mean) in running_mean.iter_mut().zip(&self.mean) {
            *running = old * *running + new * mean;
        }
        for (running, &variance) in running_var.iter_mut().zip(&self.variance) {
            *running = old * *running + new * unbiased * variance;
        }
    }

    fn inverse_std(&self, channel: usize) -> T {
        T::ONE / (self.variance[channel] + T::from_f64(BATCH_NORM_EPS)).sqrt()
    }
}

/// `gamma * (x - mean) / sqrt(variance + eps) + beta` per channel.
pub(super) fn forward<T: Scalar>(
    input: &[T],
    extent: Extent,
    statistics: &NormStatistics<T>,
    gamma: &[T],
    beta: &[T],
) -> Vec<T> {
    let mut output = input.to_vec();
    for channel in 0..extent.channels {
        let (mean, inverse) = (statistics.mean[channel], statistics.inverse_std(channel));
        for x in planes_mut(&mut output, extent, channel) {
            *x = gamma[channel] * ((*x - mean) * inverse) + beta[channel];
        }
    }
    output
}

/// Gradients of a batch norm.
pub(super) struct NormGradients<T> {
    pub(super) input: Vec<T>,
    pub(super) gamma: Vec<T>,
    pub(super) beta: Vec<T>,
}

/// All gradients, given the one at the output. With `batch_statistics` mean and variance depend on the input:
/// `dx = gamma / std * (dy - mean(dy) - xhat * mean(dy * xhat))`; otherwise they are constants.
pub(super) fn backward<T: Scalar>(
    input: &[T],
    extent: Extent,
    statistics: &NormStatistics<T>,
    gamma: &[T],
    output_gradient: &[T],
    batch_statistics: bool,
) -> NormGradients<T> {
    let mut gradients =
        NormGradients { input: output_gradient.to_vec(), gamma: Vec::new(), beta: Vec::new() };
    let count = T::from_f64(statistics.count as f64);
    for (channel, &gamma) in gamma.iter().enumerate() {
        let (mean, inverse) = (statistics.mean[channel], statistics.inverse_std(channel));
        let (mut sum, mut dot) = (T::ZERO, T::ZERO);
        for (&x, &dy) in planes(input, extent, channel).zip(planes(output_gradient, extent, channel)) {
            sum += dy;
            dot += dy * ((x - mean) * inverse);
        }
        gradients.beta.push(sum);
        gradients.gamma.push(dot);
        let (mean_dy, mean_dot) =
            if batch_statistics { (sum / count, dot / count) } else { (T::ZERO, T::ZERO) };
        let dx = planes_mut(&mut gradients.input, extent, channel);
        for (dx, &x) in dx.zip(planes(input, extent, channel)) {
            let normalized = (x - mean) * inverse;
            *dx = gamma * inverse * (*dx - mean_dy - normalized * mean_dot);
        }
    }
    gradients
}

/// The numbers of one channel over the whole batch.
fn planes<T>(data: &[T], extent: Extent, channel: usize) -> impl Iterator<Item = &T> {
    data.chunks_exact(extent.len())
        .flat_map(move |sample| &sample[channel * extent.area()..][..extent.area()])
}

fn planes_mut<T>(data: &mut [T], extent: Extent, channel: usize) -> impl Iterator<Item = &mut T> {
    data.chunks_exact_mut(extent.len())
        .flat_map(move |sample| &mut sample[channel * extent.area()..][..extent.area()])
}
