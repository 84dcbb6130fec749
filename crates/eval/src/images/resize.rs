//! Images made to another extent.

use crate::stream::BATCH;
use rarefy_core::Extent;
use rarefy_core::memory::{self, OutOfMemory};

/// What memory for one picture is for.
pub(super) const PICTURE: &str = "a picture";

/// Appends the image `from` to `out` as `to`: resized by linear interpolation (with the triangle as wide as a target pixel when
/// it shrinks, so that nothing aliases), one channel repeated, or three averaged to one (0.299, 0.587, 0.114).
///
/// # Errors
/// Memory that cannot be had.
pub fn fit(image: &[f32], from: Extent, to: Extent, out: &mut Vec<f32>) -> Result<(), OutOfMemory> {
    memory::grow(out, to.len(), BATCH)?;
    let planes: Vec<&[f32]> = image.chunks_exact(from.area().max(1)).collect();
    let grey;
    let planes = match (planes.len(), to.channels) {
        (3, 1) => {
            let weighted =
                |pixel: usize| 0.299 * planes[0][pixel] + 0.587 * planes[1][pixel] + 0.114 * planes[2][pixel];
            grey = memory::collected(from.area(), (0..from.area()).map(weighted), PICTURE)?;
            vec![&grey[..]]
        }
        _ => planes,
    };
    let (rows, columns) = (weights(from.height, to.height), weights(from.width, to.width));
    for channel in 0..to.channels {
        let Some(plane) = planes.get(channel % planes.len().max(1)) else { continue };
        let wide =
            plane.chunks_exact(from.width).flat_map(|row| columns.iter().map(|taps| blend(taps, |x| row[x])));
        let wide = memory::collected(from.height.saturating_mul(to.width), wide, PICTURE)?;
        for taps in &rows {
            out.extend((0..to.width).map(|x| blend(taps, |y| wide[y * to.width + x])));
        }
    }
    Ok(())
}

fn blend(taps: &[(usize, f32)], at: impl Fn(usize) -> f32) -> f32 {
    taps.iter().map(|&(index, weight)| weight * at(index)).sum()
}

/// For each target pixel of an axis the source pixels it is made of, with weights that sum to 1.
fn weights(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let target = |index: usize| {
        let centre = (index as f64 + 0.5) * scale - 0.5;
        let (low, high) = ((centre - reach).ceil().max(0.0) as usize, (centre + reach).floor() as usize);
        let weight = |at: usize| (1.0 - (at as f64 - centre).abs() / reach).max(0.0);
        let taps: Vec<(usize, f64)> = (low..=high.min(from - 1)).map(|at| (at, weight(at))).collect();
        let sum: f64 = taps.iter().map(|tap| tap.1).sum();
        taps.into_iter().filter(|tap| tap.1 > 0.0).map(|(at, weight)| (at, (weight / sum) as f32)).collect()
    };
    (0..to).map(target).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(channels: usize, height: usize, width: usize) -> Extent {
        Extent { channels, height, width }
    }

    fn fitted(image: &[f32], from: Extent, to: Extent) -> Vec<f32> {
        let mut out = Vec::new();
        fit(image, from, to, &mut out).unwrap();
        out
    }

    #[test]
    fn an_image_of_the_right_extent_stays_and_flat_ones_stay_flat() {
        let image: Vec<f32> = (0..24u8).map(|x| f32::from(x) / 24.0).collect();
        assert_eq!(fitted(&image, extent(2, 3, 4), extent(2, 3, 4)), image);
        for (height, width) in [(1, 1), (5, 2), (32, 31)] {
            let out = fitted(&[0.25; 36], extent(1, 4, 9), extent(1, height, width));
            assert_eq!(out.len(), height * width);
            assert!(out.iter().all(|x| (x - 0.25).abs() < 1e-6));
        }
    }

    #[test]
    fn halving_averages_and_channels_are_repeated_or_weighted() {
        let out = fitted(&[0.0, 0.0, 1.0, 1.0], extent(1, 1, 4), extent(3, 1, 2));
        assert_eq!(out.len(), 6);
        assert!((out[0] + out[1] - 1.0).abs() < 1e-6 && out[0] < 0.2, "{out:?}");
        assert_eq!((out[0], out[1]), (out[4], out[5]));
        let grey = fitted(&[1.0, 0.0, 0.0], extent(3, 1, 1), extent(1, 1, 1));
        assert!((grey[0] - 0.299).abs() < 1e-6);
    }
}
