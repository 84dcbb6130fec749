//! Coarse pixels.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "pixelate",
    about: "averages over squares: the picture at 80 to 40 % of its resolution",
    apply: |picture, severity, stream| {
        let _ = stream;
        let share = [0.80, 0.65, 0.55, 0.47, 0.40][severity];
        let small = |len: usize| ((len as f32 * share).round() as usize).clamp(1, len);
        let rarefy_core::Extent { channels, height, width } = picture.extent;
        let coarse = rarefy_core::Extent { channels, height: small(height), width: small(width) };
        let mut pixels = Vec::new();
        crate::images::fit(&picture.pixels, picture.extent, coarse, &mut pixels);
        picture.redraw(|_, channel, y, x| {
            let (y, x) = (y * coarse.height / height, x * coarse.width / width);
            pixels[(channel * coarse.height + y) * coarse.width + x]
        });
    },
};
