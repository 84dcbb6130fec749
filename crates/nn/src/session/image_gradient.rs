//! Gradients with respect to the images, in evaluation mode: what adversarial attacks climb.

use super::{Session, SessionError, StepOutcome};
use crate::groups::groups;
use crate::plan::{Mode, Pass, Plan, Workspace};

impl Session {
    /// Loss of `images` in evaluation mode and the gradient of the *mean* loss with respect to every number of them, NCHW.
    ///
    /// Compiles a second plan and keeps it, at the memory of a training step. Overwrites the gradient column.
    pub fn image_gradient(
        &mut self,
        images: &[f32],
        labels: &[u32],
    ) -> Result<(StepOutcome, Vec<f32>), SessionError> {
        self.check(images, labels)?;
        let Self { graph, store, plan, threads, options, attack, .. } = self;
        let (plan, workspace) = attack.get_or_insert_with(|| {
            let plan =
                Plan::new(graph, store.patterns(), plan.max_batch, plan.isa(), true).of_step(plan.step);
            let workspace = Workspace::new(&plan, options.threads);
            (plan, workspace)
        });
        plan.refresh(workspace, store);
        let (samples, pixels) = (labels.len(), graph.input().len());
        let mut gradient = vec![0.0; images.len()];
        let (loss_sum, correct) = threads.run(|| {
            let (mut loss_sum, mut correct) = (0.0, 0);
            for group in groups(samples, plan.max_batch) {
                let pass = Pass { plan, batch: group.len(), parallel: options.threads > 1, mode: Mode::Eval };
                let here = group.start * pixels..group.end * pixels;
                pass.forward(workspace, store, &images[here.clone()]);
                let (loss, hits) = pass.loss(workspace, &labels[group], Some(1.0 / samples as f64));
                (loss_sum, correct) = (loss_sum + loss, correct + hits);
                pass.backward(workspace, store);
                pass.image_gradient(workspace, &mut gradient[here]);
            }
            (loss_sum, correct)
        });
        if !loss_sum.is_finite() {
            return Err(SessionError::NonFinite { place: "the loss in evaluation".into() });
        }
        Ok((StepOutcome { samples: labels.len(), loss_sum, correct }, gradient))
    }
}

impl Pass<'_> {
    /// Copies the images' gradient out of its planes, NCHW.
    fn image_gradient(&self, workspace: &Workspace, out: &mut [f32]) {
        let layout = self.plan.program.tensors[0];
        let extent = layout.extent;
        let Some(gradient) = self.plan.schedule.images.map(|id| &workspace.gradients[id.0]) else {
            return out.fill(0.0);
        };
        for (sample, out) in out.chunks_exact_mut(extent.len()).enumerate() {
            let group = sample / layout.samples * layout.group_len();
            for (row, out) in out.chunks_exact_mut(extent.width).enumerate() {
                let (channel, y) = (row / extent.height, row % extent.height);
                let from = group + channel * layout.stride + layout.row(sample % layout.samples, y);
                out.copy_from_slice(&gradient[from..from + extent.width]);
            }
        }
    }
}
