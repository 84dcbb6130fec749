//! Alternating compressed / decompressed training.

use super::{Hook, Preset, STATIC};
use crate::drop::Scope;
use crate::schedule::DensitySchedule;

/// Dense for the first tenth of training, then in turns of a twentieth compressed to the largest weights of the network and
/// dense again; the last dense phase ends at 85 %. The optimizer's momentum starts anew with every dense phase. `R_s` is 1.
///
/// Source: Peste et al., *AC/DC: Alternating Compressed/DeCompressed Training of Deep Neural Networks*, NeurIPS 2021;
/// the published schedule for ImageNet. That for CIFAR-100 is `--density-from 0.05 --density-phase 0.1`.
pub(super) const PRESET: Preset = Preset {
    name: "ac_dc",
    summary: "dense and compressed phases in turn, compressed at the end (Peste et al. 2021)",
    dynamic: true,
    scope: Scope::Global,
    density: DensitySchedule::Alternating { warmup: 0.1, phase: 0.05, until: 0.85 },
    hook: Hook::ForgetOnGrowth,
    ..STATIC
};
