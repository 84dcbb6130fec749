//! What can be said of a run before its first step: how often its pattern will move, and what will make it worthless.

use super::Trainer;
use crate::recipe::{LrScheduleName, Recipe};
use crate::setup::draw_patterns;
use rarefy_core::Density;
use rarefy_nn::graph::{Effective, Graph};
use rarefy_sparsity::init;
use rarefy_sparsity::schedule::DensitySchedule;

/// A ramp of the density in fewer updates than this removes so much at once that it is no ramp.
const FEW_UPDATES: u64 = 5;

/// A run before its first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Updates of the pattern in the whole run; none of a pattern that stays.
    pub updates_planned: Option<u64>,
    /// What the user probably did not mean, one sentence each, with what to do about it.
    pub warnings: Vec<String>,
}

impl Trainer {
    /// What is to be expected of this run.
    pub fn outlook(&self) -> Outlook {
        let updates_planned = self.dynamic.as_ref().map(|dynamic| dynamic.settings().planned());
        let warnings = [
            self.recipe.ends_before_it_starts(),
            self.hardly_moves(),
            unconnected(self.session.graph(), self.session.store().patterns(), &self.recipe),
        ];
        Outlook { updates_planned, warnings: warnings.into_iter().flatten().collect() }
    }

    /// A pattern that never moves, or a ramp that is a step: intervals are made for longer runs.
    fn hardly_moves(&self) -> Option<String> {
        let settings = self.dynamic.as_ref()?.settings();
        let (planned, method) = (settings.planned(), self.recipe.method);
        let (every, steps) = (settings.every(), settings.steps());
        let advice = || {
            let shorter = (settings.until() / 10).max(1);
            format!("--update-every {shorter} or more --epochs change that")
        };
        if planned == 0 {
            return Some(format!(
                "{method} never moves the pattern in this run, which trains as static: updates come every {every} steps up to \
                 step {}, the run has {steps}; {}",
                settings.until(),
                advice()
            ));
        }
        let DensitySchedule::Cubic { initial, .. } = settings.density else { return None };
        let last = self.recipe.density.get();
        (planned < FEW_UPDATES && initial > last).then(|| {
            format!(
                "{method} goes from density {initial} to {last} in {planned} update{}: updates come every {every} steps, the \
                 run has {steps}; {}",
                if planned == 1 { "" } else { "s" },
                advice()
            )
        })
    }
}

impl Recipe {
    /// The published milestones of a single epoch divide the rate twice before the first step.
    fn ends_before_it_starts(&self) -> Option<String> {
        let stepped = self.lr_schedule == LrScheduleName::MULTISTEP && self.milestones.is_none();
        (stepped && self.epochs == 1).then(|| {
            format!(
                "1/2 and 3/4 of one epoch are its start: it trains at rate {}; --lr-schedule constant or --milestones \
                 change that",
                self.lr / 100.0
            )
        })
    }
}

/// A network none of whose weights is on a path from image to logit learns nothing but the classifier's bias.
fn unconnected(graph: &Graph, patterns: &[rarefy_core::Pattern], recipe: &Recipe) -> Option<String> {
    if Effective::new(graph, patterns).nnz() > 0 {
        return None;
    }
    let advice = match connecting_density(graph, recipe) {
        Some(density) => format!("density {density} connects them with this init and seed"),
        None => "use a higher density or another --sparse-init".to_owned(),
    };
    Some(format!(
        "no weight is on a path from the image to the logits, so that nothing of the image can be learnt; {advice}"
    ))
}

/// The least density, to two digits, at which a pattern of the same init and seed connects image and logits. Not looked for
/// where the pattern is not drawn, or where drawing it needs measurements.
fn connecting_density(graph: &Graph, recipe: &Recipe) -> Option<f64> {
    let measured = init::find(&recipe.sparse_init).ok()?.saliency().is_some();
    if measured || recipe.mask_from.is_some() {
        return None;
    }
    let connects = |density: f64| {
        let density = Density::new(density).ok()?;
        let drawn = draw_patterns(graph, &Recipe { density, ..recipe.clone() }).ok()?;
        Some(Effective::new(graph, &drawn.patterns).nnz() > 0)
    };
    // An infeasible density does not connect either.
    let enough = |density: f64| connects(density).unwrap_or(false);
    let mut low = recipe.density.get();
    let mut high = low;
    while !enough(high) {
        if high >= 1.0 {
            return None;
        }
        (low, high) = (high, (2.0 * high).min(1.0));
    }
    for _ in 0..5 {
        let middle = 0.5 * (low + high);
        if enough(middle) { high = middle } else { low = middle }
    }
    // Two digits, rounded up: only what was tried is promised.
    let digit = 10f64.powf(high.log10().floor() - 1.0);
    let rounded = ((high / digit).ceil() * digit * 1e9).round() / 1e9;
    Some(if enough(rounded.min(1.0)) { rounded.min(1.0) } else { high })
}
