//! The fast gradient sign method (Goodfellow et al., ICLR 2015, section 4).

use super::{Attack, sign};
use crate::stream::BATCH;
use rarefy_core::memory;

pub(super) const ATTACK: Attack = Attack {
    name: "fgsm",
    about: "clip(x + eps sign(gradient of the loss), 0, 1)",
    gradient: true,
    iterates: false,
    perturb: |network, settings, target| {
        let (_, gradient) = network.loss_gradient(target.pixels, target.labels)?;
        let eps = settings.eps as f32;
        let moved = target.pixels.iter().zip(&gradient).map(|(x, &g)| (x + eps * sign(g)).clamp(0.0, 1.0));
        Ok(memory::collected(target.pixels.len(), moved, BATCH)?)
    },
};
