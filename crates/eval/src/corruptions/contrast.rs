//! Less contrast.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "contrast",
    about: "moves every number to its channel's mean, leaving 75 to 15 % of the difference",
    apply: |picture, severity, stream| {
        let _ = stream;
        let left = [0.75, 0.50, 0.40, 0.30, 0.15][severity];
        for plane in picture.pixels.chunks_exact_mut(picture.extent.area()) {
            let mean = plane.iter().sum::<f32>() / plane.len() as f32;
            plane.iter_mut().for_each(|x| *x = mean + left * (*x - mean));
        }
    },
};
