//! Frosted glass.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "glass_blur",
    about: "blurs, swaps a share of 10 to 70 % of the pixels with neighbours, blurs again",
    apply: |picture, severity, stream| {
        let sigma = picture.side() / 32.0 * [0.30, 0.35, 0.40, 0.45, 0.55][severity];
        let share = [0.10, 0.20, 0.35, 0.50, 0.70][severity];
        picture.blur(sigma);
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        for place in 0..height * width {
            if stream.uniform() >= share {
                continue;
            }
            let mut near = |at: usize, len: usize| (at + stream.below(3) as usize).clamp(1, len) - 1;
            let (y, x) = (near(place / width, height), near(place % width, width));
            for plane in picture.pixels.chunks_exact_mut(height * width) {
                plane.swap(place, y * width + x);
            }
        }
        picture.blur(sigma);
    },
};
