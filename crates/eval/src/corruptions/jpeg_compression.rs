//! JPEG's loss: 8 x 8 cosine transforms, rounded.

use super::{Corruption, Picture};
use rarefy_core::Extent;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "jpeg_compression",
    about: "rounds the cosine transforms of 8 x 8 blocks with JPEG's luminance table at quality 80 down to 10",
    apply: |picture, severity, _| {
        let quality = [80.0, 60.0, 40.0, 20.0, 10.0][severity];
        let scale = if quality < 50.0 { 5000.0 / quality } else { 200.0 - 2.0 * quality };
        let step = |at: usize| ((LUMINANCE[at] * scale + 50.0) / 100.0f32).floor().clamp(1.0, 255.0);
        let steps: [f32; 64] = std::array::from_fn(step);
        let before = picture.clone();
        let Extent { channels, height, width } = picture.extent;
        for channel in 0..channels {
            for top in (0..height).step_by(8) {
                for left in (0..width).step_by(8) {
                    round_block(&before, picture, [channel, top, left], &steps);
                }
            }
        }
    },
};

/// The example table of the standard (ITU T.81, table K.1), row by row.
#[rustfmt::skip]
const LUMINANCE: [f32; 64] = [
    16., 11., 10., 16., 24., 40., 51., 61., 12., 12., 14., 19., 26., 58., 60., 55.,
    14., 13., 16., 24., 40., 57., 69., 56., 14., 17., 22., 29., 51., 87., 80., 62.,
    18., 22., 37., 56., 68., 109., 103., 77., 24., 35., 55., 64., 81., 104., 113., 92.,
    49., 64., 78., 87., 103., 121., 120., 101., 72., 92., 95., 98., 112., 100., 103., 99.,
];

/// One block; past the picture's border its last pixels go on.
fn round_block(before: &Picture, after: &mut Picture, [channel, top, left]: [usize; 3], steps: &[f32; 64]) {
    let pixel = |at: usize| before.at(channel, (top + at / 8) as i64, (left + at % 8) as i64) * 255.0 - 128.0;
    let block: [f32; 64] = std::array::from_fn(pixel);
    let coefficients = transform(&transform(&block, false), false);
    let rounded: [f32; 64] = std::array::from_fn(|at| (coefficients[at] / steps[at]).round() * steps[at]);
    let restored = transform(&transform(&rounded, true), true);
    let Extent { height, width, .. } = before.extent;
    for (at, x) in restored.iter().enumerate() {
        let (y, x_place) = (top + at / 8, left + at % 8);
        if y < height && x_place < width {
            after.pixels[(channel * height + y) * width + x_place] = (x + 128.0) / 255.0;
        }
    }
}

/// The orthonormal cosine transform of the rows, or its inverse, transposed: twice is the transform of rows and columns.
fn transform(block: &[f32; 64], inverse: bool) -> [f32; 64] {
    let basis = |frequency: usize, place: usize| {
        let norm = if frequency == 0 { 0.125f32.sqrt() } else { 0.5 };
        norm * ((2 * place + 1) as f32 * frequency as f32 * std::f32::consts::PI / 16.0).cos()
    };
    std::array::from_fn(|at| {
        let (out, row) = (at / 8, at % 8);
        let factor = |k: usize| if inverse { basis(k, out) } else { basis(out, k) };
        (0..8).map(|k| block[row * 8 + k] * factor(k)).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_is_undone_by_its_inverse_and_keeps_lengths() {
        let block: [f32; 64] = std::array::from_fn(|at| (at * at % 37) as f32);
        let there = transform(&transform(&block, false), false);
        let back = transform(&transform(&there, true), true);
        let square = |block: &[f32; 64]| block.iter().map(|x| x * x).sum::<f32>();
        assert!((square(&there) / square(&block) - 1.0).abs() < 1e-4);
        assert!(block.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-3));
        assert!((there[0] - block.iter().sum::<f32>() / 8.0).abs() < 1e-2);
    }
}
