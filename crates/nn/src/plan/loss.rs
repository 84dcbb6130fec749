//! Loss of a batch, and its gradient with respect to the logits.

use super::Pass;
use super::workspace::Workspace;
use rarefy_kernels::loss::softmax_cross_entropy;

impl Pass<'_> {
    /// Logits of one sample after a forward pass.
    pub(crate) fn logits(&self, workspace: &Workspace, sample: usize, out: &mut [f32]) {
        let program = &self.plan.program;
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
        let program = &self.plan.program;
        let layout = *program.layout(program.logits);
        let classes = layout.extent.channels;
        let mut row = std::mem::take(&mut workspace.loss_row);
        let (logits, slope) = row.split_at_mut(classes);
        let target = self.plan.schedule.logits.0;
        if scale.is_some() {
            workspace.gradients[target][..layout.len(self.batch)].fill(0.0);
        }
        let (mut total, mut hits) = (0.0, 0);
        for (sample, &label) in labels.iter().enumerate() {
            self.logits(workspace, sample, logits);
            let (loss, hit) = softmax_cross_entropy(logits, label as usize, scale.unwrap_or(0.0), slope);
            total += loss;
            hits += usize::from(hit);
            if scale.is_some() {
                for (class, &slope) in slope.iter().enumerate() {
                    workspace.gradients[target][layout.at(sample, class, 0)] = slope;
                }
            }
        }
        workspace.loss_row = row;
        (total, hits)
    }
}
