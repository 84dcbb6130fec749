//! Shot noise: light comes in photons.

use super::Corruption;
use rarefy_core::random::Stream;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "shot_noise",
    about: "draws every number from a Poisson distribution of 500 down to 50 photons at white",
    apply: |picture, severity, stream| {
        let photons = [500.0, 250.0, 100.0, 75.0, 50.0][severity];
        picture.map(|x| (poisson(f64::from(x) * photons, stream) / photons) as f32);
    },
};

/// A Poisson number: waiting times below a mean of 30, above it the rounded normal approximation.
fn poisson(mean: f64, stream: &mut Stream) -> f64 {
    if mean >= 30.0 {
        return (mean + mean.sqrt() * stream.normal()).round().max(0.0);
    }
    let limit = (-mean).exp();
    let (mut product, mut count) = (1.0, -1.0);
    while product > limit || count < 0.0 {
        product *= 1.0 - stream.uniform();
        count += 1.0;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::random::Purpose;

    #[test]
    fn mean_and_variance_are_those_asked_for() {
        for mean in [0.0, 0.5, 5.0, 29.0, 100.0] {
            let mut stream = Stream::new(1, Purpose::Synthetic, 0);
            let drawn: Vec<f64> = (0..20_000).map(|_| poisson(mean, &mut stream)).collect();
            let average = drawn.iter().sum::<f64>() / 20_000.0;
            let variance = drawn.iter().map(|x| (x - average).powi(2)).sum::<f64>() / 20_000.0;
            assert!((average - mean).abs() <= 0.02 * mean + 0.01, "{mean}: {average}");
            assert!((variance - mean).abs() <= 0.05 * mean + 0.01, "{mean}: {variance}");
        }
    }
}
