//! One network being trained: plan, workspace, parameters, optimizer and threads behind one face.

use crate::graph::Graph;
use crate::optim::Optimizer;
use crate::params::ParamStore;

/// How a session runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SessionOptions {
    /// Largest batch of any call.
    pub max_batch: usize,
    /// Worker threads; results do not depend on it.
    pub threads: usize,
    /// Update rule.
    pub optimizer: Optimizer,
}

/// Sums over one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepOutcome {
    /// Samples in the batch.
    pub samples: usize,
    /// Sum over samples of the cross-entropy, natural log.
    pub loss_sum: f64,
    /// Samples whose largest logit is the label's (ties to the lower class).
    pub correct: usize,
}

/// Why a session could not be made or run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The batch does not suit the session.
    #[error("{0}")]
    Batch(String),
    /// A number is no longer finite.
    #[error("not a finite number in {place}; lower the learning rate or check the data")]
    NonFinite {
        /// Layer or quantity, e.g. `gradient of blocks.3.conv1.weight` or `loss`.
        place: String,
    },
    /// Threads could not be started.
    #[error("could not start {threads} threads: {reason}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
}

/// A network with everything needed to train and evaluate it on the CPU.
pub struct Session {
    graph: Graph,
    store: ParamStore,
    options: SessionOptions,
    steps: u64,
}

impl Session {
    /// Compiles `graph` with the patterns of `store`.
    pub fn new(graph: Graph, store: ParamStore, options: SessionOptions) -> Result<Self, SessionError> {
        Ok(Self { graph, store, options, steps: 0 })
    }

    /// One optimizer step on `images` (NCHW, normalized, `labels.len()` samples) with learning rate `lr`.
    pub fn train_step(
        &mut self,
        images: &[f32],
        labels: &[u32],
        lr: f64,
    ) -> Result<StepOutcome, SessionError> {
        let _ = (images, labels, lr, self.options);
        todo!()
    }

    /// Loss and hits of `images` in evaluation mode (running statistics), at any batch size up to the largest.
    pub fn evaluate(&mut self, images: &[f32], labels: &[u32]) -> Result<StepOutcome, SessionError> {
        let _ = (images, labels);
        todo!()
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Parameters and optimizer state.
    pub fn store(&self) -> &ParamStore {
        &self.store
    }

    /// Optimizer steps taken so far (momentum's and Adam's clock).
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Replaces parameters, optimizer state and clock, e.g. from a checkpoint. The patterns may differ from the current ones.
    pub fn restore(&mut self, store: ParamStore, steps: u64) -> Result<(), SessionError> {
        self.store = store;
        self.steps = steps;
        Ok(())
    }
}
