//! Gradients with respect to the images, in evaluation mode: what adversarial attacks climb.

use super::{Session, SessionError, StepOutcome};
use crate::groups::groups;
use crate::plan::{Layout, Mode, Pass, Plan, Runner, Weights, Workspace};
use rarefy_core::memory;
use rarefy_kernels::loss::softmax_cross_entropy;

/// Of the sample given, from its logits: the gradient with respect to them, put into the last argument.
pub type LogitSlopes<'a> = dyn FnMut(usize, &[f32], &mut [f32]) + 'a;

impl Session {
    /// Loss of `images` in evaluation mode and the gradient of the *mean* loss with respect to every number of them, NCHW.
    ///
    /// Compiles a second plan and keeps it, at the memory of a training step. Overwrites the gradient column.
    ///
    /// # Errors
    /// A batch that does not suit the session, a loss that is not finite.
    pub fn image_gradient(
        &mut self,
        images: &[f32],
        labels: &[u32],
    ) -> Result<(StepOutcome, Vec<f32>), SessionError> {
        self.check(images, labels, self.options.max_batch)?;
        let mut outcome = StepOutcome { samples: labels.len(), ..StepOutcome::default() };
        let share = 1.0 / labels.len() as f64;
        let gradient = self.image_gradient_of(images, labels.len(), &mut |sample, logits, slope| {
            let (loss, hit) = softmax_cross_entropy(logits, labels[sample] as usize, share, slope);
            outcome.loss_sum += loss;
            outcome.correct += usize::from(hit);
        })?;
        if !outcome.loss_sum.is_finite() {
            return Err(self.not_finite_in_evaluation(images, labels.len()));
        }
        Ok((outcome, gradient))
    }

    /// As [`Session::image_gradient`], of any function of the logits: `slopes(sample, logits, slope)` puts its gradient with
    /// respect to the sample's logits into `slope`.
    ///
    /// # Errors
    /// A batch that does not suit the session, memory that cannot be had.
    pub fn image_gradient_of(
        &mut self,
        images: &[f32],
        samples: usize,
        slopes: &mut LogitSlopes<'_>,
    ) -> Result<Vec<f32>, SessionError> {
        self.check_images(images, samples, self.options.max_batch)?;
        let Self { graph, store, plan, threads, options, attack, interrupt, .. } = self;
        let (plan, weights, workspace) = match attack {
            Some(attack) => attack,
            None => {
                let plan =
                    Plan::new(graph, store.patterns(), plan.max_batch, plan.isa(), true)?.of_step(plan.step);
                let workspace = Workspace::new(&plan, options.threads)?;
                let weights = Weights::new(&plan)?;
                attack.insert((plan, weights, workspace))
            }
        };
        plan.refresh(weights, store);
        let pixels = graph.input().len();
        let mut gradient = memory::zeros(images.len(), "the gradient of a batch of images")?;
        for group in groups(samples, plan.max_batch) {
            let runner = Runner { parallel: options.threads > 1, interrupt: Some(interrupt) };
            let pass = Pass::new(plan, weights, group.len(), runner, Mode::Eval);
            let here = group.start * pixels..group.end * pixels;
            threads.run(|| pass.forward(workspace, store, &images[here.clone()]));
            let first = group.start;
            pass.logit_slopes(workspace, true, |sample, logits, slope| slopes(first + sample, logits, slope));
            threads.run(|| pass.backward(workspace, store));
            if interrupt.is_set() {
                return Err(SessionError::Interrupted);
            }
            if let Some(id) = plan.schedule.images {
                gather(&plan.program.tensors[0], &workspace.gradients[id.0], &mut gradient[here]);
            }
        }
        Ok(gradient)
    }
}

/// Copies samples out of their lanes, NCHW; `planes` are placed as tensors are.
pub(super) fn gather(layout: &Layout, planes: &[f32], out: &mut [f32]) {
    let extent = layout.extent;
    for (sample, out) in out.chunks_exact_mut(extent.len()).enumerate() {
        for (row, out) in out.chunks_exact_mut(extent.width).enumerate() {
            let from = layout.at(sample, row / extent.height, row % extent.height);
            let pixels = planes[from..].iter().step_by(layout.lanes);
            out.iter_mut().zip(pixels).for_each(|(out, &pixel)| *out = pixel);
        }
    }
}
