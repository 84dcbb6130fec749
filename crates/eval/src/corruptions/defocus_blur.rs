//! A lens out of focus.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "defocus_blur",
    about: "averages over a disk of radius 1/64 to 1/18 of the side",
    apply: |picture, severity, stream| {
        let _ = stream;
        let radius = picture.side() / 32.0 * [0.5, 0.8, 1.1, 1.4, 1.8][severity];
        let reach = radius.ceil() as i64 + 1;
        // A soft edge: a disk smaller than a pixel still blurs.
        let weight = |dy: i64, dx: i64| (radius + 0.5 - ((dy * dy + dx * dx) as f32).sqrt()).clamp(0.0, 1.0);
        let all = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)));
        let taps: Vec<_> = all.map(|(dy, dx)| (dy, dx, weight(dy, dx))).filter(|tap| tap.2 > 0.0).collect();
        let sum: f32 = taps.iter().map(|tap| tap.2).sum();
        picture.convolve(&taps.iter().map(|&(dy, dx, w)| (dy, dx, w / sum)).collect::<Vec<_>>());
    },
};
