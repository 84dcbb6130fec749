//! Loss of a batch, and its gradient with respect to the logits.

use super::Pass;
use super::workspace::Workspace;
use rarefy_kernels::loss::softmax_cross_entropy;

impl Pass<'_> {
    /// Logits of one sample after a forward pass.
    pub(crate) fn logits(&self, workspace: &Workspace, sample: usize, out: &mut [f32]) {
        let program = self.program;
        let value = &program.values[program.logits.0];
        let tensor = value.stored.unwrap_or(value.terms[0].tensor);
        let layout = &program.tensors[tensor.0];
        for (class, out) in out.iter_mut().enumerate() {
            *out = workspace.tensors[tensor.0][layout.at(sample, class, 0)];
        }
    }

    /// Sum of the samples' cross-entropies and number of hits; with `scale`, leaves the
    /// gradient of the losses' sum times `scale` in its buffer.
    pub(crate) fn loss(&self, workspace: &mut Workspace, labels: &[u32], scale: Option<f64>) -> (f64, usize) {
        workspace.clock.next(self.plan.loss_span());
        let (mut total, mut hits) = (0.0, 0);
        self.logit_slopes(workspace, scale.is_some(), |sample, logits, slope| {
            let label = labels[sample] as usize;
            let (loss, hit) = softmax_cross_entropy(logits, label, scale.unwrap_or(0.0), slope);
            total += loss;
            hits += usize::from(hit);
        });
        (total, hits)
    }

    /// Calls `slopes(sample, logits, slope)` for every sample; with `keep`, leaves what it puts into `slope` in the buffer of the
    /// logits' gradient.
    pub(crate) fn logit_slopes(
        &self,
        workspace: &mut Workspace,
        keep: bool,
        mut slopes: impl FnMut(usize, &[f32], &mut [f32]),
    ) {
        let program = self.program;
        let layout = *program.layout(program.logits);
        let mut row = std::mem::take(&mut workspace.loss_row);
        let (logits, slope) = row.split_at_mut(layout.extent.channels);
        let target = self.plan.schedule.logits.0;
        if keep {
            workspace.gradients[target][..layout.len(self.batch)].fill(0.0);
        }
        for sample in 0..self.batch {
            self.logits(workspace, sample, logits);
            slopes(sample, logits, slope);
            if keep {
                for (class, &slope) in slope.iter().enumerate() {
                    workspace.gradients[target][layout.at(sample, class, 0)] = slope;
                }
            }
        }
        workspace.loss_row = row;
    }
}
