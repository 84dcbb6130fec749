//! Frosted glass.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "glass_blur",
    about: "blurs, swaps neighbouring pixels at random one to three times, blurs again",
    apply: |picture, severity, stream| {
        let sigma = picture.side() / 32.0 * [0.30, 0.35, 0.40, 0.45, 0.55][severity];
        let rounds = [1, 1, 2, 2, 3][severity];
        picture.blur(sigma);
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        for place in (0..rounds * height * width).map(|place| place % (height * width)) {
            let mut near = |at: usize, len: usize| (at + stream.below(3) as usize).clamp(1, len) - 1;
            let (y, x) = (near(place / width, height), near(place % width, width));
            for plane in picture.pixels.chunks_exact_mut(height * width) {
                plane.swap(place, y * width + x);
            }
        }
        picture.blur(sigma);
    },
};
