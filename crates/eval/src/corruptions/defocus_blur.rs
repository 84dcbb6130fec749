//! A lens out of focus.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "defocus_blur",
    about: "averages over a disk of radius 1/64 to 1/18 of the side",
    apply: |picture, severity, _| {
        let radius = picture.side() / 32.0 * [0.5, 0.8, 1.1, 1.4, 1.8][severity];
        picture.convolve(&disk(radius));
    },
};

/// Points across the disk.
const ACROSS: i64 = 17;

/// What the mean of a linearly interpolated picture over a disk takes of every neighbour: a disk smaller than a pixel blurs too.
fn disk(radius: f32) -> Vec<(i64, i64, f32)> {
    let place = |index: i64| radius * (2 * index + 1 - ACROSS) as f32 / ACROSS as f32;
    let grid = (0..ACROSS).flat_map(|y| (0..ACROSS).map(move |x| (place(y), place(x))));
    let points: Vec<(f32, f32)> = grid.filter(|(y, x)| y * y + x * x <= radius * radius).collect();
    let reach = radius.ceil() as i64;
    let hat = |distance: f32| (1.0 - distance.abs()).max(0.0);
    let weight = |dy: i64, dx: i64| {
        let sum: f32 = points.iter().map(|(y, x)| hat(y - dy as f32) * hat(x - dx as f32)).sum();
        sum / points.len() as f32
    };
    let all = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)));
    all.map(|(dy, dx)| (dy, dx, weight(dy, dx))).filter(|tap| tap.2 > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_keeps_the_mean_and_spreads_by_half_its_radius_and_the_pixel() {
        for radius in [0.125, 0.5, 1.1, 1.8, 6.0] {
            let taps = disk(radius);
            let sum: f32 = taps.iter().map(|tap| tap.2).sum();
            assert!((sum - 1.0).abs() < 1e-4, "{radius}: {sum}");
            assert!(taps.len() >= 5, "{radius}: {taps:?}");
            let lean: f32 = taps.iter().map(|tap| tap.1 as f32 * tap.2).sum();
            assert!(lean.abs() < 1e-4, "{radius}: {lean}");
            // A disk has radius^2 / 4 along an axis, interpolation adds at most 1/4.
            let variance: f32 = taps.iter().map(|tap| (tap.1 * tap.1) as f32 * tap.2).sum();
            let least = radius * radius / 4.0;
            assert!(variance > 0.95 * least && variance < 1.05 * least + 0.26, "{radius}: {variance}");
        }
    }
}
