//! `rarefy-c`: 15 kinds of corruption at 5 severities, after Hendrycks & Dietterich (ICLR 2019). One file each, one line in
//! [`REGISTRY`].
//!
//! The kinds are theirs; the images differ: everything is made here, lengths are in shares of the image's side, so that images
//! of any extent can be corrupted, and each one is a function of (seed, kind, severity, index). Official files are read by
//! [`crate::OfficialCorruptions`].

mod brightness;
mod contrast;
mod defocus_blur;
mod elastic_transform;
mod fog;
mod frost;
mod gaussian_noise;
mod glass_blur;
mod impulse_noise;
mod jpeg_compression;
mod motion_blur;
mod picture;
mod pixelate;
mod shot_noise;
mod snow;
mod zoom_blur;

pub use picture::Picture;

use rarefy_core::Extent;
use rarefy_core::random::{Purpose, Stream};

/// Name of the whole set.
pub const NAME: &str = "rarefy-c";
/// Severities are 1 to this.
pub const SEVERITIES: usize = 5;

/// A kind of corruption.
pub struct Corruption {
    /// Name, that of the official file too.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Corrupts a picture at a severity from 0 to 4; the result is cut to 0..=1 afterwards.
    pub(crate) apply: fn(&mut Picture, usize, &mut Stream),
}

/// Every kind, in the official order.
pub const REGISTRY: &[Corruption] = &[
    gaussian_noise::CORRUPTION,
    shot_noise::CORRUPTION,
    impulse_noise::CORRUPTION,
    defocus_blur::CORRUPTION,
    glass_blur::CORRUPTION,
    motion_blur::CORRUPTION,
    zoom_blur::CORRUPTION,
    snow::CORRUPTION,
    frost::CORRUPTION,
    fog::CORRUPTION,
    brightness::CORRUPTION,
    contrast::CORRUPTION,
    elastic_transform::CORRUPTION,
    pixelate::CORRUPTION,
    jpeg_compression::CORRUPTION,
];

impl Corruption {
    /// Corrupts images (pixels in 0..=1, NCHW, the first of number `first` in its split) at a severity from 1 to 5; others
    /// count as the nearest.
    pub fn apply(&self, pixels: &mut [f32], extent: Extent, severity: usize, first: usize, seed: u64) {
        let severity = severity.clamp(1, SEVERITIES) - 1;
        let kind = REGISTRY.iter().position(|other| other.name == self.name).unwrap_or(0);
        for (index, image) in (first as u64..).zip(pixels.chunks_exact_mut(extent.len())) {
            let place = ((kind * SEVERITIES + severity) as u64) << 32 | index;
            let mut stream = Stream::new(seed, Purpose::Corruption, place);
            let mut picture = Picture::new(extent, image.to_vec());
            (self.apply)(&mut picture, severity, &mut stream);
            image.iter_mut().zip(picture.pixels).for_each(|(out, x)| *out = x.clamp(0.0, 1.0));
        }
    }
}
