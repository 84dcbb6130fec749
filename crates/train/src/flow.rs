//! Gradient flow: how large the gradients of existing weights are.

use crate::error::TrainError;
use crate::setup::Setup;
use rarefy_data::{Loader, Pass};
use rarefy_nn::graph::Role;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_nn::{Session, SessionOptions};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Gradient norms of one step.
///
/// Per layer the L2 norm of the gradient of the mean loss (without weight decay) over the weights that exist; the effective gradient
/// flow is their mean over the prunable layers (Tessera et al. 2021, "Keep the Gradients Flowing", with L2 norms).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientFlow {
    /// Step, from 1; 0 before the first.
    pub step: u64,
    /// Epoch, from 1; 0 before the first.
    pub epoch: u32,
    /// Mean over layers.
    pub effective: f64,
    /// One norm a prunable layer, in order.
    pub layers: Vec<f64>,
}

impl GradientFlow {
    /// Of the gradients that `store` holds.
    pub fn of(store: &ParamStore, step: u64, epoch: u32) -> Self {
        let weights =
            (0..store.views().len()).filter(|&view| store.views()[view].parameter.role == Role::Weight);
        let norm = |view| {
            let squares = store.slice(view, Column::Gradient).iter().map(|&g| f64::from(g) * f64::from(g));
            squares.sum::<f64>().sqrt()
        };
        Self::new(step, epoch, weights.map(norm).collect())
    }

    fn new(step: u64, epoch: u32, layers: Vec<f64>) -> Self {
        Self { step, epoch, effective: layers.iter().sum::<f64>() / layers.len().max(1) as f64, layers }
    }

    /// Of the network that `setup` starts from, the mean over the first `batches` training batches; nothing is trained.
    ///
    /// # Errors
    /// No training samples, data that cannot be read, gradients that are not finite.
    pub fn at_init(setup: Setup, batches: usize) -> Result<Self, TrainError> {
        let Setup { recipe, graph, store, dataset, .. } = setup;
        let mut loader =
            Loader::new(Arc::clone(&dataset), Pass::Train { seed: recipe.data_seed() }, recipe.batch_size)?;
        if loader.samples() == 0 {
            return Err(TrainError::NoSamples { data: dataset.name().to_owned() });
        }
        let max_batch = recipe.batch_size.min(loader.samples());
        let options = SessionOptions { max_batch, threads: recipe.threads(), optimizer: recipe.optimizer() };
        let mut session = Session::new(graph, store, options).map_err(TrainError::Session)?;
        let (mut sums, mut count, mut epoch) = (Vec::new(), 0, 0);
        let mut pass = loader.epoch(epoch, 0)?;
        while count < batches.max(1) {
            let Some(batch) = pass.next_batch()? else {
                // More batches than an epoch has: the next one has them in another order.
                epoch += 1;
                drop(pass);
                pass = loader.epoch(epoch, 0)?;
                continue;
            };
            session.gradients(&batch.images, &batch.labels).map_err(TrainError::Session)?;
            let flow = Self::of(session.store(), 0, 0);
            sums.resize(flow.layers.len(), 0.0);
            sums.iter_mut().zip(&flow.layers).for_each(|(sum, norm)| *sum += norm);
            count += 1;
        }
        Ok(Self::new(0, 0, sums.into_iter().map(|sum| sum / count as f64).collect()))
    }
}
