//! Per-channel numbers of batch norms, between the passes over samples.

use super::program::NormId;
use super::workspace::Workspace;
use super::{Mode, Pass, Plan};
use crate::graph::{BATCH_NORM_EPS, BATCH_NORM_MOMENTUM};
use crate::params::{Column, ParamStore};
use rarefy_kernels::Moments;

impl Plan {
    /// Adds the share `share` of the latest training pass's means and unbiased variances.
    pub(crate) fn add_statistics(
        &self,
        workspace: &Workspace,
        share: f64,
        mean: &mut [f64],
        variance: &mut [f64],
    ) {
        for (norm, state) in self.program.norms.iter().zip(&workspace.norms) {
            for channel in 0..norm.channels {
                mean[norm.offset + channel] += share * f64::from(state.mean[channel]);
                variance[norm.offset + channel] += share * f64::from(state.unbiased[channel]);
            }
        }
    }

    /// Moves the running statistics a tenth of the way to a step's.
    pub(crate) fn update_running(&self, mean: &[f64], variance: &[f64], store: &mut ParamStore) {
        let (running_mean, running_var) = store.running_mut();
        for (running, new) in [(running_mean, mean), (running_var, variance)] {
            for (old, &new) in running.iter_mut().zip(new) {
                let moved = (1.0 - BATCH_NORM_MOMENTUM) * f64::from(*old) + BATCH_NORM_MOMENTUM * new;
                *old = moved as f32;
            }
        }
    }
}

impl Pass<'_> {
    /// Scale and shift of every norm from its running statistics.
    pub(crate) fn running_statistics(&self, workspace: &mut Workspace, store: &ParamStore) {
        for (norm, state) in self.program.norms.iter().zip(&mut workspace.norms) {
            let gamma = store.slice(norm.gamma, Column::Value);
            let beta = store.slice(norm.beta, Column::Value);
            for channel in 0..norm.channels {
                let mean = f64::from(store.running_mean()[norm.offset + channel]);
                let var = f64::from(store.running_var()[norm.offset + channel]);
                state.set(channel, mean, var, gamma[channel], beta[channel]);
            }
        }
    }

    /// Scale and shift of one norm from the chunks' moments (`[chunk][channel]`), merged in chunk order.
    pub(crate) fn batch_statistics(
        &self,
        workspace: &mut Workspace,
        store: &ParamStore,
        id: NormId,
        moments: &[Moments],
    ) {
        let norm = &self.program.norms[id.0];
        let state = &mut workspace.norms[id.0];
        let gamma = store.slice(norm.gamma, Column::Value);
        let beta = store.slice(norm.beta, Column::Value);
        for channel in 0..norm.channels {
            let parts = moments[channel..].iter().step_by(norm.channels);
            let total = parts.fold(Moments::default(), |total, &part| total.merge(part));
            state.set(channel, total.mean, total.m2 / total.count, gamma[channel], beta[channel]);
            state.unbiased[channel] = (total.m2 / (total.count - 1.0).max(1.0)) as f32;
        }
    }

    /// The backward coefficients and parameter gradients of one norm from `sum g` and `sum g (x - mean)`, `[chunk][3][channel]`,
    /// the second at row `row`.
    ///
    /// With m numbers per channel: `dx = gamma istd (g - sum g / m - (x - mean) istd^2 sum g(x - mean) / m)`.
    pub(crate) fn norm_gradient(
        &self,
        workspace: &mut Workspace,
        store: &mut ParamStore,
        id: NormId,
        row: usize,
        chunks: usize,
    ) {
        let norm = &self.program.norms[id.0];
        let channels = norm.channels;
        let count = (self.batch * norm.area) as f64;
        for channel in 0..channels {
            let total = |row: usize| {
                let at = row * channels + channel;
                workspace.sums[..chunks * 3 * channels][at..].iter().step_by(3 * channels).sum::<f64>()
            };
            let (sum_g, sum_gx) = (total(0), total(row));
            let state = &mut workspace.norms[id.0];
            let inv_std = state.inv_std[channel];
            let gamma = f64::from(store.slice(norm.gamma, Column::Value)[channel]);
            store.slice_mut(norm.gamma, Column::Gradient)[channel] = (sum_gx * inv_std) as f32;
            store.slice_mut(norm.beta, Column::Gradient)[channel] = sum_g as f32;
            let of_gradient = gamma * inv_std;
            let (of_input, constant) = match self.mode {
                Mode::Train => {
                    let of_input = -of_gradient * inv_std * inv_std * sum_gx / count;
                    let mean = f64::from(state.mean[channel]);
                    (of_input, -of_gradient * sum_g / count - of_input * mean)
                }
                Mode::Eval => (0.0, 0.0),
            };
            state.of_gradient[channel] = of_gradient as f32;
            state.of_input[channel] = of_input as f32;
            state.constant[channel] = constant as f32;
        }
    }
}

impl super::workspace::NormState {
    fn set(&mut self, channel: usize, mean: f64, var: f64, gamma: f32, beta: f32) {
        let inv_std = 1.0 / (var + BATCH_NORM_EPS).sqrt();
        let scale = f64::from(gamma) * inv_std;
        self.mean[channel] = mean as f32;
        self.inv_std[channel] = inv_std;
        self.scale[channel] = scale as f32;
        self.shift[channel] = (f64::from(beta) - mean * scale) as f32;
    }
}
