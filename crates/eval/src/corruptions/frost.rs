//! Frost on a window.

use super::Corruption;
use super::picture::clouds;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "frost",
    about: "mixes in 12 to 40 % of a rough, bright texture, made here (the official one uses photographs)",
    apply: |picture, severity, stream| {
        let share = [0.12, 0.18, 0.25, 0.32, 0.40][severity];
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        let mut layer = clouds(height, width, 0.9, stream);
        // Ridges where the noise crosses its middle: crystals.
        layer.iter_mut().for_each(|x| *x = 0.5 + 0.5 * (1.0 - (2.0 * *x - 1.0).abs()));
        picture.mix(&layer, share);
    },
};
