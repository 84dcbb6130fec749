//! A bent picture.

use super::Corruption;
use super::Picture;
use super::picture::clouds;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "elastic_transform",
    about: "moves every pixel along a smooth random field, up to 2 to 7 % of the side",
    apply: |picture, severity, stream| {
        let reach = picture.side() * [0.02, 0.03, 0.04, 0.055, 0.07][severity];
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        let field = |stream: &mut rarefy_core::random::Stream| clouds(height, width, 0.5, stream);
        let (down, right) = (field(stream), field(stream));
        let moved = |before: &Picture, channel: usize, y: usize, x: usize| {
            let at = y * width + x;
            let shift = |field: &[f32]| reach * (2.0 * field[at] - 1.0);
            before.between(channel, y as f32 + shift(&down), x as f32 + shift(&right))
        };
        picture.redraw(moved);
    },
};
