//! Fog.

use super::Corruption;
use super::picture::clouds;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "fog",
    about: "mixes in 15 to 55 % of bright clouds",
    apply: |picture, severity, stream| {
        let share = [0.15, 0.25, 0.35, 0.45, 0.55][severity];
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        let mut layer = clouds(height, width, 0.5, stream);
        layer.iter_mut().for_each(|x| *x = 0.6 + 0.4 * *x);
        picture.mix(&layer, share);
    },
};
