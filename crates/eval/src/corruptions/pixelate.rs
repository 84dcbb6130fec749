//! Coarse pixels.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "pixelate",
    about: "averages over squares: the picture at 80 to 40 % of its resolution",
    apply: |picture, severity, _| {
        let share = [0.80, 0.65, 0.55, 0.47, 0.40][severity];
        let (rows, columns) = (squares(picture.extent.height, share), squares(picture.extent.width, share));
        picture.redraw(|before, channel, y, x| {
            rows[y].iter().map(|&(y, weight)| weight * before.at(channel, y, x as i64)).sum()
        });
        picture.redraw(|before, channel, y, x| {
            columns[x].iter().map(|&(x, weight)| weight * before.at(channel, y as i64, x)).sum()
        });
    },
};

/// For every pixel of an axis the pixels, with their shares, of the square that its centre lies in.
fn squares(len: usize, share: f32) -> Vec<Vec<(i64, f32)>> {
    let count = ((len as f32 * share).round() as usize).clamp(1, len);
    let width = len as f32 / count as f32;
    let square = |index: usize| {
        let (low, high) = (index as f32 * width, (index + 1) as f32 * width);
        let part = |at: usize| (high.min(at as f32 + 1.0) - low.max(at as f32)).max(0.0) / width;
        (0..len).map(|at| (at as i64, part(at))).filter(|tap| tap.1 > 0.0).collect()
    };
    (0..len).map(|at| square(((2 * at + 1) * count) / (2 * len))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_averages_that_cover_every_pixel_alike() {
        for (len, share) in [(1, 0.4), (5, 0.65), (8, 0.5), (32, 0.8), (32, 0.4)] {
            let all = squares(len, share);
            for taps in &all {
                assert!((taps.iter().map(|tap| tap.1).sum::<f32>() - 1.0).abs() < 1e-5, "{len} {share}");
            }
            // The same from the other side: nothing is shifted.
            let mirrored = |taps: &Vec<(i64, f32)>| {
                taps.iter().map(|tap| len as i64 - 1 - tap.0).rev().collect::<Vec<_>>()
            };
            let places = |taps: &Vec<(i64, f32)>| taps.iter().map(|tap| tap.0).collect::<Vec<_>>();
            for (taps, opposite) in all.iter().zip(all.iter().rev()) {
                assert_eq!(places(taps), mirrored(opposite), "{len} {share}");
            }
        }
        assert_eq!(
            squares(4, 0.5),
            [[(0, 0.5), (1, 0.5)], [(0, 0.5), (1, 0.5)], [(2, 0.5), (3, 0.5)], [(2, 0.5), (3, 0.5)]]
        );
    }
}
