//! Learning rates as a pure function of the epoch: one file per decay, one line in [`DECAYS`].

mod constant;
mod cosine;
mod multistep;

pub use multistep::half_and_three_quarters;

use rarefy_core::{same_name, suggest};

/// A rule by which the learning rate falls.
#[derive(Debug)]
pub struct Decay {
    /// Its name in recipes and on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The factor on the base rate in an epoch (from 0) that is not one of the warm-up.
    factor: fn(&LrSchedule, usize) -> f64,
}

/// Every decay.
pub const DECAYS: &[Decay] = &[multistep::DECAY, cosine::DECAY, constant::DECAY];

/// A learning-rate schedule: a linear warm-up, then a decay.
#[derive(Clone, Debug)]
pub struct LrSchedule {
    /// How the rate falls after the warm-up.
    pub decay: &'static Decay,
    /// Epochs of the whole run.
    pub epochs: usize,
    /// Epochs in which the rate rises: `base * (epoch + 1) / (warmup_epochs + 1)`.
    pub warmup_epochs: usize,
    /// Epochs (from 0, warm-up included) from which `multistep` multiplies by `gamma` once more.
    pub milestones: Vec<usize>,
    /// Factor of `multistep` at each milestone.
    pub gamma: f64,
}

/// A name that is no decay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown learning-rate schedule `{name}`{}; choices: {choices}", hint(.suggestion))]
pub struct UnknownDecay {
    /// The name given.
    pub name: String,
    /// The name probably meant.
    pub suggestion: Option<&'static str>,
    /// The names there are.
    pub choices: String,
}

fn hint(suggestion: &Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

impl LrSchedule {
    /// The published settings for a decay by name: no warm-up, milestones at half and three quarters of `epochs`, gamma 0.1.
    pub fn new(decay: &str, epochs: usize) -> Result<Self, UnknownDecay> {
        let names = || DECAYS.iter().map(|known| known.name);
        let Some(found) = DECAYS.iter().find(|known| same_name(known.name, decay)) else {
            let choices = names().collect::<Vec<_>>().join(", ");
            return Err(UnknownDecay { name: decay.into(), suggestion: suggest(decay, names()), choices });
        };
        let milestones = half_and_three_quarters(epochs, 1).to_vec();
        Ok(Self { decay: found, epochs, warmup_epochs: 0, milestones, gamma: 0.1 })
    }

    /// The rate in `epoch` (from 0), for a base rate of `base`.
    pub fn lr(&self, base: f64, epoch: usize) -> f64 {
        if epoch < self.warmup_epochs {
            return base * (epoch as f64 + 1.0) / (self.warmup_epochs as f64 + 1.0);
        }
        base * (self.decay.factor)(self, epoch)
    }
}
