//! What the classifier reads: the penultimate activations, in evaluation mode.

use super::image_gradient::gather;
use super::{Session, SessionError};
use crate::plan::{Region, ValueId};

impl Session {
    /// Numbers that the last layer reads of each sample.
    pub fn feature_len(&self) -> usize {
        self.feature_source().map_or(0, |source| self.plan.program.layout(source).extent.len())
    }

    /// Logits `[samples][classes]` of `images` in evaluation mode, and the features `[samples][feature_len]` that the last
    /// layer computes them from.
    ///
    /// # Errors
    /// A batch that does not suit the session.
    pub fn features(&mut self, images: &[f32], samples: usize) -> Result<(Vec<f32>, Vec<f32>), SessionError> {
        self.check_images(images, samples)?;
        let (classes, width) = (self.graph.classes(), self.feature_len());
        let (mut logits, mut features) = (vec![0.0; samples * classes], vec![0.0; samples * width]);
        let source = self.feature_source();
        let mut planes = Vec::new();
        self.eval_forward(images, samples, |pass, workspace, group| {
            let rows = logits[group.start * classes..group.end * classes].chunks_exact_mut(classes);
            rows.enumerate().for_each(|(sample, row)| pass.logits(workspace, sample, row));
            let Some(source) = source else { return };
            let layout = *pass.plan.program.layout(source);
            planes.resize(layout.len(pass.batch), 0.0);
            for (plane_group, planes) in planes.chunks_exact_mut(layout.group_len()).enumerate() {
                let region = Region::whole(&layout);
                pass.evaluate(workspace, source, plane_group, region, (planes, region.grid), None);
            }
            gather(&layout, &planes, &mut features[group.start * width..group.end * width]);
        });
        Ok((logits, features))
    }

    /// What the operation that computes the logits reads.
    fn feature_source(&self) -> Option<ValueId> {
        let last = self.plan.program.forward.iter().rev().find_map(|op| op.source());
        last.map(|(source, _)| source)
    }
}
