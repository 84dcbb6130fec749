//! A moving camera.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "motion_blur",
    about: "averages along a line of 1/10 to 1/4 of the side in a random direction",
    apply: |picture, severity, stream| {
        let length = picture.side() * [0.10, 0.13, 0.17, 0.21, 0.25][severity];
        let angle = (stream.uniform() * std::f64::consts::PI) as f32;
        let (dy, dx) = (angle.sin(), angle.cos());
        let steps = (2.0 * length).ceil() as usize + 1;
        picture.redraw(|before, channel, y, x| {
            let place = |step: usize| length * (step as f32 / (steps - 1) as f32 - 0.5);
            let at = |t: f32| before.between(channel, y as f32 + t * dy, x as f32 + t * dx);
            (0..steps).map(|step| at(place(step))).sum::<f32>() / steps as f32
        });
    },
};
