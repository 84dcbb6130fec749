//! A picture and what several corruptions do to it.

use rarefy_core::Extent;
use rarefy_core::random::Stream;

/// One image, pixels in 0..=1, CHW.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Channels, height, width.
    pub extent: Extent,
    /// The pixels.
    pub pixels: Vec<f32>,
}

impl Picture {
    /// A picture of these pixels.
    pub fn new(extent: Extent, pixels: Vec<f32>) -> Self {
        Self { extent, pixels }
    }

    /// The shorter side: lengths are shares of it.
    pub(super) fn side(&self) -> f32 {
        self.extent.height.min(self.extent.width) as f32
    }

    /// Replaces every number.
    pub(super) fn map(&mut self, mut f: impl FnMut(f32) -> f32) {
        self.pixels.iter_mut().for_each(|x| *x = f(*x));
    }

    /// Replaces every number by a function of the channel, the place and the picture before.
    pub(super) fn redraw(&mut self, f: impl Fn(&Self, usize, usize, usize) -> f32) {
        let before = self.clone();
        let Extent { channels, height, width } = self.extent;
        for channel in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    self.pixels[(channel * height + y) * width + x] = f(&before, channel, y, x);
                }
            }
        }
    }

    /// The number nearest to a place that may be outside.
    pub(super) fn at(&self, channel: usize, y: i64, x: i64) -> f32 {
        let Extent { height, width, .. } = self.extent;
        let (y, x) = (y.clamp(0, height as i64 - 1) as usize, x.clamp(0, width as i64 - 1) as usize);
        self.pixels[(channel * height + y) * width + x]
    }

    /// The number between pixels, by linear interpolation.
    pub(super) fn between(&self, channel: usize, y: f32, x: f32) -> f32 {
        let (top, left) = (y.floor(), x.floor());
        let (down, right) = (y - top, x - left);
        let at = |dy: i64, dx: i64| self.at(channel, top as i64 + dy, left as i64 + dx);
        let upper = at(0, 0) * (1.0 - right) + at(0, 1) * right;
        let lower = at(1, 0) * (1.0 - right) + at(1, 1) * right;
        upper * (1.0 - down) + lower * down
    }

    /// Averages over `(dy, dx, weight)`; weights sum to 1.
    pub(super) fn convolve(&mut self, taps: &[(i64, i64, f32)]) {
        self.redraw(|before, channel, y, x| {
            let tap = |&(dy, dx, weight): &(i64, i64, f32)| {
                weight * before.at(channel, y as i64 + dy, x as i64 + dx)
            };
            taps.iter().map(tap).sum()
        });
    }

    /// Gaussian blur.
    pub(super) fn blur(&mut self, sigma: f32) {
        let taps = gaussian(sigma);
        self.convolve(&taps.iter().map(|&(d, weight)| (d, 0, weight)).collect::<Vec<_>>());
        self.convolve(&taps.iter().map(|&(d, weight)| (0, d, weight)).collect::<Vec<_>>());
    }

    /// Mixes the same number into all channels of each place: `x (1 - share) + layer share`.
    pub(super) fn mix(&mut self, layer: &[f32], share: f32) {
        for plane in self.pixels.chunks_exact_mut(layer.len().max(1)) {
            plane.iter_mut().zip(layer).for_each(|(x, l)| *x = *x * (1.0 - share) + l * share);
        }
    }
}

fn gaussian(sigma: f32) -> Vec<(i64, f32)> {
    let reach = (3.0 * sigma).ceil() as i64;
    let weight = |d: i64| (-0.5 * (d as f32 / sigma).powi(2)).exp();
    let sum: f32 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).map(|d| (d, weight(d) / sum)).collect()
}

/// Cloud-like noise over `height` x `width`, 0 to 1: octaves of smooth random grids, each half as coarse and weaker by `decay`.
pub(super) fn clouds(height: usize, width: usize, decay: f32, stream: &mut Stream) -> Vec<f32> {
    let mut sum = vec![0.0; height * width];
    let (mut cells, mut weight) = (2, 1.0);
    while cells <= height.max(width) {
        let extent = Extent { channels: 1, height: cells + 1, width: cells + 1 };
        let grid = Picture::new(extent, (0..extent.len()).map(|_| stream.uniform() as f32).collect());
        for (at, sum) in sum.iter_mut().enumerate() {
            let (y, x) = (at / width, at % width);
            let (y, x) = (y as f32 / height as f32, x as f32 / width as f32);
            *sum += weight * grid.between(0, y * cells as f32, x * cells as f32);
        }
        cells *= 2;
        weight *= decay;
    }
    let least = sum.iter().copied().fold(f32::INFINITY, f32::min);
    let most = sum.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    sum.iter_mut().for_each(|x| *x = (*x - least) / (most - least).max(1e-6));
    sum
}
