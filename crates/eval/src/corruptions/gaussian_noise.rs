//! Gaussian noise.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "gaussian_noise",
    about: "adds N(0, s^2), s 0.04 to 0.10",
    apply: |picture, severity, stream| {
        let sigma = [0.04, 0.06, 0.08, 0.09, 0.10][severity];
        picture.map(|x| x + sigma * stream.normal() as f32);
    },
};
