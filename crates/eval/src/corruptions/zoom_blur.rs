//! A lens that zooms during the exposure.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "zoom_blur",
    about: "averages the picture over magnifications from 1 up to 1.06 to 1.30",
    apply: |picture, severity, stream| {
        let _ = stream;
        let most = [0.06, 0.11, 0.16, 0.21, 0.30][severity];
        let (middle_y, middle_x) =
            ((picture.extent.height - 1) as f32 / 2.0, (picture.extent.width - 1) as f32 / 2.0);
        const STEPS: usize = 8;
        picture.redraw(|before, channel, y, x| {
            let at = |step: usize| {
                let zoom = 1.0 + most * step as f32 / (STEPS - 1) as f32;
                let (y, x) = (y as f32 - middle_y, x as f32 - middle_x);
                before.between(channel, middle_y + y / zoom, middle_x + x / zoom)
            };
            (0..STEPS).map(at).sum::<f32>() / STEPS as f32
        });
    },
};
