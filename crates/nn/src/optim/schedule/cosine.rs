//! Half a cosine from the base rate to 0 (Loshchilov & Hutter 2017, equation 5, without restarts).

use super::Decay;

pub(super) const DECAY: Decay = Decay {
    name: "cosine",
    summary: "half a cosine from the base rate, in the first epoch after warm-up, towards 0 at the end of the run",
    factor: |schedule, epoch| {
        let length = schedule.epochs.saturating_sub(schedule.warmup_epochs);
        let done = epoch.saturating_sub(schedule.warmup_epochs).min(length);
        // A run that is all warm-up has no decay phase; its rate stays at the base.
        let progress = if length == 0 { 0.0 } else { done as f64 / length as f64 };
        0.5 * (1.0 + libm::cos(std::f64::consts::PI * progress))
    },
};
