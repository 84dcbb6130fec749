//! Snow.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "snow",
    about: "lightens the picture and lays white streaks over it",
    apply: |picture, severity, stream| {
        let (share, length) =
            [(0.02, 0.06), (0.04, 0.08), (0.06, 0.10), (0.08, 0.12), (0.11, 0.15)][severity];
        let rarefy_core::Extent { height, width, .. } = picture.extent;
        let mut flakes = vec![0.0f32; height * width];
        let steps = (picture.side() * length).ceil().max(1.0) as usize;
        for place in 0..height * width {
            let (hit, bright) = (stream.uniform() < share, 0.5 + 0.5 * stream.uniform() as f32);
            for step in (0..steps).take_while(|_| hit) {
                // Streaks fall towards the lower right.
                let (y, x) = (place / width + step, place % width + step / 2);
                if y < height && x < width {
                    flakes[y * width + x] = flakes[y * width + x].max(bright);
                }
            }
        }
        picture.mix(&vec![1.0; height * width], 0.05 + 0.5 * share as f32);
        for plane in picture.pixels.chunks_exact_mut(height * width) {
            plane.iter_mut().zip(&flakes).for_each(|(x, flake)| *x += (1.0 - *x) * flake);
        }
    },
};
