//! Random signs: what a change of the same size does without knowing the network.

use super::Attack;
use crate::stream::BATCH;
use rarefy_core::memory;
use rarefy_core::random::{Purpose, Stream};

pub(super) const ATTACK: Attack = Attack {
    name: "noise",
    about: "clip(x + eps r, 0, 1), r = +-1 at random: the control, no attack",
    gradient: false,
    iterates: false,
    perturb: |network, settings, target| {
        let (eps, pixels) = (settings.eps as f32, network.extent().len());
        let mut moved = memory::copied(target.pixels, BATCH)?;
        for (index, image) in (target.first as u64..).zip(moved.chunks_exact_mut(pixels)) {
            let mut stream = Stream::new(settings.seed, Purpose::Attack, index);
            for pixels in image.chunks_mut(64) {
                let word = stream.word();
                for (bit, x) in pixels.iter_mut().enumerate() {
                    let r = if word >> bit & 1 == 1 { eps } else { -eps };
                    *x = (*x + r).clamp(0.0, 1.0);
                }
            }
        }
        Ok(moved)
    },
};
