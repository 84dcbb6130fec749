//! Where a pass left the finite numbers. What found out that it did looks at few numbers; this does it again
//! and looks at all.

use super::{Session, SessionError};
use crate::groups::groups;
use crate::params::Column;
use crate::plan::{Mode, Pass, Runner};

impl Session {
    /// After a training pass: an error that names where it began, if the loss, a gradient or a statistic is not
    /// finite.
    pub(super) fn check_finite(
        &mut self,
        images: &[f32],
        labels: &[u32],
        loss_sum: f64,
    ) -> Result<(), SessionError> {
        let broken = (0..self.store.views().len())
            .find(|&view| self.store.slice(view, Column::Gradient).iter().any(|x| !x.is_finite()));
        if loss_sum.is_finite() && broken.is_none() && self.sums.are_statistics_finite() {
            return Ok(());
        }
        let place = self.trouble_in_training(images, labels);
        if self.interrupt.is_set() {
            return Err(SessionError::Interrupted);
        }
        // Groups whose sum alone is not finite show nothing one by one.
        let place = place.unwrap_or_else(|| match broken {
            Some(view) => format!("the gradient of {}", self.store.views()[view].parameter.name),
            None => "the loss or a statistic of the batch".to_owned(),
        });
        Err(SessionError::NonFinite { place })
    }

    /// Where a training pass over this batch first leaves the finite numbers: in the order of the forward pass,
    /// then in that of the backward pass.
    fn trouble_in_training(&mut self, images: &[f32], labels: &[u32]) -> Option<String> {
        let Self { graph, store, plan, weights, workspace, threads, options, interrupt, .. } = self;
        let (samples, pixels) = (labels.len(), graph.input().len());
        threads.run(|| {
            groups(samples, plan.max_batch).find_map(|group| {
                let runner = Runner { parallel: options.threads > 1, interrupt: Some(interrupt) };
                let pass = Pass::new(plan, weights, group.len(), runner, Mode::Train);
                let images = &images[group.start * pixels..group.end * pixels];
                // Without memory to look the place stays unknown.
                let forward = pass.forward_trouble(graph, workspace, store, images).ok()?;
                forward.or_else(|| {
                    pass.loss(workspace, &labels[group], Some(1.0 / samples as f64));
                    pass.backward_trouble(graph, workspace, store)
                })
            })
        })
    }

    /// Where evaluating `samples` images first leaves the finite numbers, in the order of the graph: a
    /// parameter, a running statistic, the images or the output of a node, e.g. `the output of blocks.0.conv1`.
    /// `None` if it does not. Slower than evaluating.
    pub fn trouble_in_evaluation(&mut self, images: &[f32], samples: usize) -> Option<String> {
        self.check_images(images, samples, self.evaluation.max_batch.max(self.options.max_batch)).ok()?;
        self.trained = 0;
        let Self { graph, store, plan, weights, workspace, threads, options, interrupt, .. } = self;
        let pixels = graph.input().len();
        threads.run(|| {
            groups(samples, plan.max_batch).find_map(|group| {
                let runner = Runner { parallel: options.threads > 1, interrupt: Some(interrupt) };
                let pass = Pass::new(plan, weights, group.len(), runner, Mode::Eval);
                let images = &images[group.start * pixels..group.end * pixels];
                pass.forward_trouble(graph, workspace, store, images).ok()?
            })
        })
    }

    /// The error of an evaluation whose loss is not finite.
    pub(super) fn not_finite_in_evaluation(&mut self, images: &[f32], samples: usize) -> SessionError {
        let place = self.trouble_in_evaluation(images, samples);
        match self.interrupt.is_set() {
            true => SessionError::Interrupted,
            false => SessionError::NonFinite {
                place: place.map_or_else(
                    || "the loss in evaluation".to_owned(),
                    |place| format!("{place} in evaluation"),
                ),
            },
        }
    }
}
