//! An activation from its terms.

use crate::{Grid, Term};

/// Twin of [`crate::combine`]: planes of `rows * columns`, without a tile around them.
pub fn combine(
    terms: &[Term<'_>],
    from: Grid,
    step: usize,
    relu: bool,
    mask: &[f32],
    channels: usize,
    rows: usize,
    columns: usize,
) -> Vec<f64> {
    let copied = !relu && matches!(terms, [Term { affine: None, .. }]);
    let number = |channel: usize, y: usize, x: usize| {
        let (vector, lane) = (x / mask.len(), x % mask.len());
        let at = from.at(channel, y) + vector * step * mask.len() + lane;
        let mut sum = 0.0;
        for term in terms {
            let (scale, shift) =
                term.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
            sum += f64::from(scale) * f64::from(term.planes[at]) + f64::from(shift);
        }
        // Not `max`: that would turn NaN into 0.
        let active = if relu && sum < 0.0 { 0.0 } else { sum };
        if copied { active } else { active * f64::from(mask[lane]) }
    };
    let mut out = Vec::with_capacity(channels * rows * columns);
    for channel in 0..channels {
        for y in 0..rows {
            out.extend((0..columns).map(|x| number(channel, y, x)));
        }
    }
    out
}
