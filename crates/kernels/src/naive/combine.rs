//! An activation from its terms.

use crate::Term;

/// Twin of [`crate::combine`]: planes of `positions`, without a tile around them.
pub fn combine(
    terms: &[Term<'_>],
    relu: bool,
    mask: &[f32],
    stride: usize,
    positions: usize,
    channels: usize,
) -> Vec<f64> {
    let copied = !relu && matches!(terms, [Term { affine: None, .. }]);
    let number = |channel: usize, p: usize| {
        let mut sum = 0.0;
        for term in terms {
            let (scale, shift) =
                term.affine.map_or((1.0, 0.0), |(scale, shift)| (scale[channel], shift[channel]));
            sum += f64::from(scale) * f64::from(term.planes[channel * stride + p]) + f64::from(shift);
        }
        // Not `max`: that would turn NaN into 0.
        let active = if relu && sum < 0.0 { 0.0 } else { sum };
        if copied { active } else { active * f64::from(mask[p]) }
    };
    (0..channels)
        .flat_map(|channel| (0..positions).map(move |p| (channel, p)))
        .map(|(c, p)| number(c, p))
        .collect()
}
