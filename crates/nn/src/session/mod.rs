//! One network being trained: plan, workspace, parameters, optimizer and threads behind one face.

mod dense;
mod diagnosis;
mod edit;
mod evaluation;
mod groups;
mod image_gradient;
mod memory;
mod profile;
mod threads;

pub use image_gradient::LogitSlopes;

use crate::graph::Graph;
use crate::groups::groups;
use crate::interrupt::Interrupt;
use crate::optim::Optimizer;
use crate::params::{ParamStore, StoreEditError};
use crate::plan::{DenseGradients, DenseScratch, Mode, Pass, Plan, Runner, Visit, Weights, Workspace};
use edit::Editing;
use evaluation::Evaluation;
use groups::Sums;
pub(crate) use memory::check as check_memory;
use rarefy_core::memory::{Bytes, OutOfMemory};
use rarefy_kernels::{AdamStep, Isa, SgdStep, adam, sgd};
pub(crate) use threads::Threads;

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
        /// Layer or quantity, e.g. `the gradient of blocks.3.conv1.weight` or `the loss`.
        place: String,
    },
    /// The pass was given up, as [`Session::heed`] asks for: parameters, optimizer and running statistics are
    /// as before.
    #[error("interrupted")]
    Interrupted,
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The session would take more memory than there is.
    #[error(
        "not enough memory: batches of {samples} samples would take {}, {} are free", Bytes(*bytes), Bytes(*free)
    )]
    TooLarge {
        /// Samples of the largest batch.
        samples: usize,
        /// What the session would take with them, and with the images that it is fed.
        bytes: u64,
        /// What is free.
        free: u64,
        /// Largest batch that would fit, in whole groups of samples; 0 if none does.
        batch: usize,
        /// Largest number of samples of a pass ([`Session::in_groups`]) with which the batch would fit; 0 if
        /// none does.
        group: usize,
    },
    /// An edit of the patterns does not fit them.
    #[error(transparent)]
    Edit(#[from] StoreEditError),
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
#[derive(Debug)]
pub struct Session {
    graph: Graph,
    store: ParamStore,
    options: SessionOptions,
    steps: u64,
    plan: Plan,
    weights: Weights,
    workspace: Workspace,
    evaluation: Evaluation,
    threads: Threads,
    /// Samples of the latest training pass, 0 if another pass came after it.
    trained: usize,
    /// Compiled for image gradients when first asked for.
    attack: Option<(Plan, Weights, Workspace)>,
    editing: Editing,
    sums: Sums,
    /// Empty until dense gradients are first asked for.
    dense: DenseScratch,
    interrupt: Interrupt,
    /// A pass that has begun to visit dense gradients is not given up.
    finish_visited: bool,
}

impl Session {
    /// Compiles `graph` with the patterns of `store` for this machine's best instruction set.
    pub fn new(graph: Graph, store: ParamStore, options: SessionOptions) -> Result<Self, SessionError> {
        Self::with_isa(graph, store, options, Isa::best())
    }

    /// As [`Session::new`], with a chosen instruction set.
    pub fn with_isa(
        graph: Graph,
        store: ParamStore,
        options: SessionOptions,
        isa: Isa,
    ) -> Result<Self, SessionError> {
        Self::in_groups_with_isa(graph, store, options, options.max_batch, isa)
    }

    /// As [`Session::new`], with every batch cut into [`groups`] of at most `most` samples.
    ///
    /// A training step is then several passes, one a group, and one optimizer step. Batch norms normalize with the
    /// statistics of the group, gradients are those of the mean loss over the whole batch, summed in the order of the
    /// groups. Running statistics move once a step, by 0.1 towards the mean of the groups' means and unbiased variances,
    /// weighted by samples: their memory stays ten steps, and a batch of one group is what it is without groups. Memory is
    /// that of one group.
    pub fn in_groups(
        graph: Graph,
        store: ParamStore,
        options: SessionOptions,
        most: usize,
    ) -> Result<Self, SessionError> {
        Self::in_groups_with_isa(graph, store, options, most, Isa::best())
    }

    /// As [`Session::in_groups`], with a chosen instruction set.
    pub fn in_groups_with_isa(
        graph: Graph,
        store: ParamStore,
        options: SessionOptions,
        most: usize,
        isa: Isa,
    ) -> Result<Self, SessionError> {
        if options.max_batch == 0 || options.threads == 0 || most == 0 {
            return Err(SessionError::Batch(
                "a session needs a largest batch, groups and threads of at least 1".into(),
            ));
        }
        let outline =
            Plan::outline(&graph, options.max_batch.min(most), isa, false).of_step(options.max_batch);
        memory::check(&outline, store.patterns(), options.max_batch, options.threads)?;
        let threads = Threads::new(options.threads)?;
        let plan = outline.compile(store.patterns())?;
        let workspace = Workspace::new(&plan, options.threads)?;
        let evaluation = Evaluation::new(options.max_batch, graph.classes())?;
        let mut weights = Weights::new(&plan)?;
        plan.refresh(&mut weights, &store);
        let mut sums = Sums::default();
        sums.reserve(&store, options.max_batch, graph.classes())?;
        Ok(Self {
            graph,
            store,
            options,
            steps: 0,
            plan,
            weights,
            workspace,
            evaluation,
            threads,
            trained: 0,
            attack: None,
            editing: Editing::default(),
            sums,
            dense: DenseScratch::default(),
            interrupt: Interrupt::new(),
            finish_visited: false,
        })
    }

    /// From now on passes are given up as soon as `interrupt` is set, within a fraction of an operation: they
    /// return [`SessionError::Interrupted`], and nothing has changed.
    pub fn heed(&mut self, interrupt: Interrupt) {
        self.interrupt = interrupt;
    }

    /// One optimizer step on `images` (NCHW, normalized, `labels.len()` samples) with learning rate `lr`.
    ///
    /// If a number is not finite the parameters, the optimizer and the running statistics stay as they were.
    pub fn train_step(
        &mut self,
        images: &[f32],
        labels: &[u32],
        lr: f64,
    ) -> Result<StepOutcome, SessionError> {
        self.step(images, labels, Some(lr), None)
    }

    /// A step that tells dense gradients if asked for them, and leaves the parameters alone without a learning rate.
    fn step(
        &mut self,
        images: &[f32],
        labels: &[u32],
        lr: Option<f64>,
        dense: Option<Visit<'_>>,
    ) -> Result<StepOutcome, SessionError> {
        let outcome = self.pass(images, labels, dense)?;
        self.workspace.clock.next(self.plan.update_span());
        self.sums.update_running(&self.plan, &mut self.store);
        if let Some(lr) = lr {
            self.update(lr as f32);
        }
        self.workspace.clock.pause();
        self.steps += 1;
        Ok(outcome)
    }

    /// Loss and gradients of the mean loss in training mode, into the gradient column; nothing else changes.
    pub fn gradients(&mut self, images: &[f32], labels: &[u32]) -> Result<StepOutcome, SessionError> {
        self.pass(images, labels, None)
    }

    fn pass(
        &mut self,
        images: &[f32],
        labels: &[u32],
        mut dense: Option<Visit<'_>>,
    ) -> Result<StepOutcome, SessionError> {
        let asked = dense.is_some();
        self.check(images, labels, self.options.max_batch)?;
        self.check_statistics(labels.len())?;
        if asked {
            self.reserve_dense()?;
        }
        self.trained = labels.len();
        let Self { graph, store, plan, weights, workspace, threads, options, dense: scratch, sums, .. } =
            self;
        let (interrupt, finish_visited) = (&self.interrupt, self.finish_visited);
        let (samples, pixels) = (labels.len(), graph.input().len());
        sums.clear();
        let (loss_sum, correct, given_up) = threads.run(|| {
            let (mut loss_sum, mut correct) = (0.0, 0);
            for group in groups(samples, plan.max_batch) {
                let batch = group.len();
                let runner = Runner { parallel: options.threads > 1, interrupt: Some(interrupt) };
                let mut pass = Pass::new(plan, weights, batch, runner, Mode::Train);
                pass.forward(workspace, store, &images[group.start * pixels..group.end * pixels]);
                if interrupt.is_set() {
                    return (loss_sum, correct, true);
                }
                let scale = Some(1.0 / samples as f64);
                let (loss, hits) = pass.loss(workspace, &labels[group.clone()], scale);
                (loss_sum, correct) = (loss_sum + loss, correct + hits);
                let mut all = |layer: usize, gradient: &[f32], store: &ParamStore| {
                    let Some(visit) = &mut dense else { return };
                    if batch == samples {
                        return visit(layer, gradient, store);
                    }
                    let sum = sums.add_dense(layer, gradient, group.start == 0);
                    if group.end == samples {
                        visit(layer, sum, store);
                    }
                };
                let mut dense = asked.then_some(DenseGradients { scratch, visit: &mut all });
                // The visits begin with the last group.
                let last = asked && finish_visited && group.end == samples;
                pass.runner.interrupt = pass.runner.interrupt.filter(|_| !last);
                pass.backward_with(workspace, store, &mut dense);
                if pass.runner.is_interrupted() {
                    return (loss_sum, correct, true);
                }
                sums.add(&pass, workspace, store, batch as f64 / samples as f64);
            }
            sums.put_gradient(store);
            (loss_sum, correct, false)
        });
        if given_up {
            self.workspace.clock.pause();
            return Err(SessionError::Interrupted);
        }
        self.workspace.clock.next(self.plan.check_span());
        self.check_finite(images, labels, loss_sum)?;
        self.workspace.clock.pause();
        Ok(StepOutcome { samples: labels.len(), loss_sum, correct })
    }

    /// Logits of the latest training pass, `[samples][classes]`: those that its loss was computed from. Empty if an
    /// evaluation or a restore came after it.
    pub fn training_logits(&self) -> Vec<f32> {
        self.sums.logits()[..self.trained * self.graph.classes()].to_vec()
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The compiled network.
    pub fn plan(&self) -> &Plan {
        &self.plan
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
        let fits = store.views().len() == self.store.views().len()
            && store.views().iter().zip(self.store.views()).all(|(a, b)| a.parameter == b.parameter);
        if !fits {
            return Err(SessionError::Batch(format!(
                "the parameters to restore are not those of `{}`",
                self.graph.name()
            )));
        }
        if store.patterns() != self.store.patterns() {
            let Self { graph, options, plan, .. } = &*self;
            let plan =
                Plan::new(graph, store.patterns(), plan.max_batch, plan.isa(), false)?.of_step(plan.step);
            let (weights, workspace) = (Weights::new(&plan)?, Workspace::new(&plan, options.threads)?);
            (self.plan, self.weights, self.workspace) = (plan, weights, workspace);
            self.dense.forget();
            self.attack = None;
        }
        self.store = store;
        self.steps = steps;
        self.trained = 0;
        self.sums.reserve(&self.store, self.options.max_batch, self.graph.classes())?;
        self.reserve_again()?;
        self.plan.refresh(&mut self.weights, &self.store);
        Ok(())
    }

    /// The optimizer's one pass over the columns, then the kernels' packed copies.
    fn update(&mut self, lr: f32) {
        let isa = self.plan.isa();
        let [values, gradients, first, second] = self.store.columns_mut();
        match self.options.optimizer {
            Optimizer::Sgd { momentum, nesterov, weight_decay } => {
                let step = SgdStep { lr, momentum, nesterov, weight_decay, first: self.steps == 0 };
                sgd(isa, step, values, gradients, first);
            }
            Optimizer::Adam { beta1, beta2, eps, weight_decay } => {
                let step = AdamStep { lr, beta1, beta2, eps, weight_decay, step: self.steps + 1 };
                adam(isa, step, values, gradients, first, second);
            }
        }
        self.workspace.clock.next(self.plan.pack_span());
        self.plan.refresh(&mut self.weights, &self.store);
    }

    fn check_images(&self, images: &[f32], samples: usize, most: usize) -> Result<(), SessionError> {
        let expected = samples * self.graph.input().len();
        if samples == 0 || samples > most || images.len() != expected {
            return Err(SessionError::Batch(format!(
                "expected 1 to {most} samples of {}, {expected} numbers for {samples}; found {}",
                self.graph.input(),
                images.len()
            )));
        }
        Ok(())
    }

    fn check(&self, images: &[f32], labels: &[u32], most: usize) -> Result<(), SessionError> {
        self.check_images(images, labels.len(), most)?;
        let classes = self.graph.classes();
        match labels.iter().find(|&&label| label as usize >= classes) {
            Some(label) => Err(SessionError::Batch(format!(
                "label {label} is out of range: the network has {classes} classes, labels are 0 to {}",
                classes - 1
            ))),
            None => Ok(()),
        }
    }

    /// Batch statistics need two numbers per channel.
    fn check_statistics(&self, samples: usize) -> Result<(), SessionError> {
        let least = groups(samples, self.plan.max_batch).map(|group| group.len()).min().unwrap_or(0);
        match self.graph.batch_norms().find(|(_, node)| least * node.extent.area() < 2) {
            Some((_, node)) => Err(SessionError::Batch(format!(
                "batch norm `{}` needs more than one number per channel to train on, found a batch or group of {least} \
                 with {}x{} maps; use a larger batch",
                node.name, node.extent.height, node.extent.width
            ))),
            None => Ok(()),
        }
    }
}
