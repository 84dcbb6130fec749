//! The forward pass with running statistics: group by group of samples, each thread with groups of its own.
//!
//! Samples do not meet in evaluation. A thread takes a group through the whole network while its activations are in cache, and no thread
//! waits for another before the end.

use super::image_gradient::gather;
use super::{Session, SessionError, StepOutcome};
use crate::plan::{Chunks, Pass, Plan, Region, Runner, ValueId, Workspace, for_each_chunk};
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_kernels::loss::softmax_cross_entropy;
use std::sync::{Mutex, PoisonError};

/// What the memory of logits is for, in messages.
const LOGITS: &str = "the logits of a batch";

/// What evaluating needs, beside the plan and its weights.
#[derive(Debug)]
pub(super) struct Evaluation {
    /// Largest batch: that of training steps, unless more was reserved.
    pub(super) max_batch: usize,
    /// One a thread; none before they are first needed.
    workspaces: Vec<Mutex<Workspace>>,
    /// Of the batch, `[sample][class]`.
    logits: Vec<f32>,
    /// Of one sample.
    slope: Vec<f32>,
}

impl Evaluation {
    pub(super) fn new(max_batch: usize, classes: usize) -> Result<Self, OutOfMemory> {
        let logits = memory::zeros(max_batch.saturating_mul(classes), LOGITS)?;
        Ok(Self { max_batch, workspaces: Vec::new(), logits, slope: memory::zeros(classes, LOGITS)? })
    }

    /// Makes room for passes on so many threads, once.
    fn reserve(&mut self, plan: &Plan, threads: usize) -> Result<(), OutOfMemory> {
        while self.workspaces.len() < threads {
            self.workspaces.push(Mutex::new(Workspace::for_evaluation(plan)?));
        }
        Ok(())
    }
}

impl Session {
    /// Makes room for evaluating `samples` at once. Training is not touched: neither its memory nor its bits depend on it.
    ///
    /// # Errors
    /// Memory that cannot be had.
    pub fn reserve_evaluation(&mut self, samples: usize) -> Result<(), SessionError> {
        let Evaluation { max_batch, logits, .. } = &mut self.evaluation;
        if samples > *max_batch {
            *logits = memory::zeros(samples.saturating_mul(self.graph.classes()), LOGITS)?;
            *max_batch = samples;
        }
        Ok(())
    }

    /// Loss and hits of `images` in evaluation mode (running statistics), at any batch size up to the largest.
    ///
    /// # Errors
    /// A batch that does not suit the session, a loss that is not finite.
    pub fn evaluate(&mut self, images: &[f32], labels: &[u32]) -> Result<StepOutcome, SessionError> {
        let mut outcome = StepOutcome::default();
        self.evaluate_each(images, labels, |loss, hit| {
            outcome.samples += 1;
            outcome.loss_sum += loss;
            outcome.correct += usize::from(hit);
        })?;
        if !outcome.loss_sum.is_finite() {
            return Err(self.not_finite_in_evaluation(images, labels.len()));
        }
        Ok(outcome)
    }

    /// Tells `visit` the cross-entropy of every sample of `images` in evaluation mode, and whether it is classified right, in
    /// order. A sample's loss does not depend on the batch that it is in.
    ///
    /// # Errors
    /// A batch that does not suit the session.
    pub fn evaluate_each(
        &mut self,
        images: &[f32],
        labels: &[u32],
        mut visit: impl FnMut(f64, bool),
    ) -> Result<(), SessionError> {
        self.check(images, labels, self.evaluation.max_batch)?;
        self.eval_forward(images, labels.len(), &mut [], None)?;
        let classes = self.graph.classes();
        let Evaluation { logits, slope, .. } = &mut self.evaluation;
        for (logits, &label) in logits.chunks_exact(classes).zip(labels) {
            let (loss, hit) = softmax_cross_entropy(logits, label as usize, 0.0, slope);
            visit(loss, hit);
        }
        Ok(())
    }

    /// Logits of `samples` images in evaluation mode: `[samples][classes]`.
    pub fn logits(&mut self, images: &[f32], samples: usize) -> Result<Vec<f32>, SessionError> {
        self.check_images(images, samples, self.evaluation.max_batch)?;
        self.eval_forward(images, samples, &mut [], None)?;
        self.latest_logits(samples)
    }

    /// Numbers that the last layer reads of each sample.
    pub fn feature_len(&self) -> usize {
        self.plan.program.features().map_or(0, |source| self.plan.program.layout(source).extent.len())
    }

    /// Logits `[samples][classes]` of `images` in evaluation mode, and the features `[samples][feature_len]` that the last
    /// layer computes them from: the penultimate activations.
    ///
    /// # Errors
    /// A batch that does not suit the session.
    pub fn features(&mut self, images: &[f32], samples: usize) -> Result<(Vec<f32>, Vec<f32>), SessionError> {
        self.check_images(images, samples, self.evaluation.max_batch)?;
        let len = samples.saturating_mul(self.feature_len());
        let mut features = memory::zeros(len, "the features of a batch")?;
        self.eval_forward(images, samples, &mut features, self.plan.program.features())?;
        Ok((self.latest_logits(samples)?, features))
    }

    fn latest_logits(&self, samples: usize) -> Result<Vec<f32>, SessionError> {
        let logits = &self.evaluation.logits[..samples * self.graph.classes()];
        Ok(memory::copied(logits, LOGITS)?)
    }

    /// Fills the logits and, if `source` is given, `features` with its value.
    fn eval_forward(
        &mut self,
        images: &[f32],
        samples: usize,
        features: &mut [f32],
        source: Option<ValueId>,
    ) -> Result<(), SessionError> {
        self.trained = 0;
        let Self { graph, store, plan, weights, threads, options, evaluation, interrupt, .. } = self;
        let (pixels, classes, lanes) = (graph.input().len(), graph.classes(), plan.isa().lanes());
        evaluation.reserve(plan, options.threads)?;
        let Evaluation { workspaces, logits, .. } = evaluation;
        let width = features.len() / samples;
        threads.run(|| {
            let outputs = (
                Chunks::new(&mut logits[..samples * classes], lanes * classes),
                Chunks::new(features, lanes * width),
            );
            let runner = Runner { parallel: options.threads > 1, interrupt: Some(interrupt) };
            for_each_chunk(runner, 0..samples.div_ceil(lanes), outputs, &|group, (logits, features)| {
                let thread = rayon::current_thread_index().unwrap_or(0) % workspaces.len();
                let workspace = &mut *workspaces[thread].lock().unwrap_or_else(PoisonError::into_inner);
                let here = group * lanes..((group + 1) * lanes).min(samples);
                let pass = Pass::evaluation(plan, weights, here.len(), runner);
                pass.forward(workspace, store, &images[here.start * pixels..here.end * pixels]);
                let rows = logits.data.chunks_exact_mut(classes);
                rows.enumerate().for_each(|(sample, row)| pass.logits(workspace, sample, row));
                if let Some(source) = source {
                    pass.gather_value(workspace, source, features.data);
                }
            });
        });
        if interrupt.is_set() { Err(SessionError::Interrupted) } else { Ok(()) }
    }
}

impl Pass<'_> {
    /// A value of the samples of the only group, one after the other, CHW.
    fn gather_value(&self, workspace: &Workspace, source: ValueId, out: &mut [f32]) {
        let layout = *self.program.layout(source);
        let mut planes = vec![0.0; layout.group_len()];
        let region = Region::whole(&layout);
        self.evaluate(workspace, source, 0, region, (&mut planes, region.grid), None);
        gather(&layout, &planes, out);
    }
}
