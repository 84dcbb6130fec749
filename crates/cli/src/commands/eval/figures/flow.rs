//! Gradient norms over the steps of training, of the runs that logged them.

use super::Networks;
use crate::failure::Failure;
use crate::plots::{Axis, Chart, Figure, Line, Scale, Shape};
use rarefy::train::RunDir;

/// None if no run logged them.
pub(super) fn figure<'a>(networks: &Networks<'_>) -> Result<Option<Figure<'a>>, Failure> {
    let mut lines = Vec::new();
    for (index, result) in &networks.all {
        let Some(folder) = result.identity.checkpoint.parent() else { continue };
        let flows = RunDir::gradient_flows(folder)?;
        if !flows.is_empty() {
            let points = flows.iter().map(|flow| (flow.step as f64, flow.effective)).collect();
            lines.push(Line { index: *index, points, shape: Shape::Curve });
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let names = networks.legend(&lines);
    let chart = Chart {
        title: networks.title("Gradient flow", false),
        x: Axis { label: "step", scale: Scale::Whole },
        y: Axis { label: "mean gradient norm of a layer", scale: Scale::Log },
        lines,
        diagonal: false,
    };
    Ok(Some(Figure { title: String::new(), charts: vec![chart], columns: 1, size: (720, 480), names }))
}
