//! How the drop fraction and the density move over training.

use crate::SparsityError;
use crate::registry::pick;
use rarefy_core::Density;

/// Shape of the drop fraction over steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decay {
    /// It stays.
    Constant,
    /// `end + (start - end) (1 + cos(pi s / S)) / 2` (Dettmers & Zettlemoyer 2019; Evci et al. 2020).
    Cosine,
    /// `start + (end - start) s / S`.
    Linear,
}

impl Decay {
    /// Every shape with its name.
    pub const ALL: &[(&str, Self)] =
        &[("constant", Self::Constant), ("cosine", Self::Cosine), ("linear", Self::Linear)];

    /// The shape called `name`.
    ///
    /// # Errors
    /// A name that no shape has.
    pub fn find(name: &str) -> Result<Self, SparsityError> {
        pick("drop schedule", name, Self::ALL.iter().copied())
    }

    /// The fraction after `step` of `steps` steps; past the last it stays at `end`.
    pub fn fraction(self, start: f64, end: f64, step: u64, steps: u64) -> f64 {
        let share = (step as f64 / steps.max(1) as f64).min(1.0);
        match self {
            Self::Constant => start,
            Self::Cosine => end + (start - end) * (1.0 + libm::cos(std::f64::consts::PI * share)) / 2.0,
            Self::Linear => start + (end - start) * share,
        }
    }
}

/// Density of the network over training. Times are shares of all steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DensitySchedule {
    /// That of the first pattern.
    Constant,
    /// `d + (d0 - d) (1 - (t - from) / (to - from))^3`: from `d0` before `from` to the final d after `to` (Zhu & Gupta 2017).
    Cubic {
        /// Density before the ramp.
        initial: f64,
        /// Where the ramp starts.
        from: f64,
        /// Where it ends.
        to: f64,
    },
    /// Dense, then in turn compressed to the final density and dense again; compressed for good from `until` at the latest
    /// (Peste et al. 2021).
    Alternating {
        /// End of the first dense phase.
        warmup: f64,
        /// Length of the phases after it.
        phase: f64,
        /// The last compression is not after it.
        until: f64,
    },
}

impl DensitySchedule {
    /// Names of the shapes.
    pub const NAMES: &[&str] = &["constant", "cubic", "alternating"];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Cubic { .. } => "cubic",
            Self::Alternating { .. } => "alternating",
        }
    }

    /// Density of the first pattern, `last` being the final one.
    pub fn initial(self, last: Density) -> Density {
        match self {
            Self::Constant => last,
            Self::Cubic { initial, .. } => Density::new(initial.max(last.get())).unwrap_or(Density::DENSE),
            Self::Alternating { .. } => Density::DENSE,
        }
    }

    /// Density after `step` of `steps` steps.
    pub fn density(self, last: Density, step: u64, steps: u64) -> Density {
        let share = step as f64 / steps.max(1) as f64;
        match self {
            Self::Constant => last,
            Self::Cubic { from, to, .. } => {
                // The last step of the ramp is at the final density whatever rounding says.
                if step >= step_at(to, steps) {
                    return last;
                }
                let left = (1.0 - (share - from) / (to - from).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
                let (first, end) = (self.initial(last).get(), last.get());
                Density::new(end + (first - end) * left * left * left).unwrap_or(last)
            }
            Self::Alternating { .. } => match self.phase_of(step, steps) {
                Some(phase) if phase % 2 == 1 => last,
                _ => Density::DENSE,
            },
        }
    }

    /// Whether the density must be reached at this very step, whatever the interval of updates: where a ramp ends and where
    /// phases begin.
    pub fn turns(self, step: u64, steps: u64) -> bool {
        match self {
            Self::Constant => false,
            Self::Cubic { to, .. } => step == step_at(to, steps),
            Self::Alternating { .. } => {
                step > 0 && self.phase_of(step, steps) != self.phase_of(step - 1, steps)
            }
        }
    }

    /// All steps of `steps` at which [`DensitySchedule::turns`], in order.
    pub fn turning_points(self, steps: u64) -> Vec<u64> {
        let mut points: Vec<u64> = match self {
            Self::Constant => Vec::new(),
            Self::Cubic { to, .. } => vec![step_at(to, steps)],
            Self::Alternating { .. } => self.phase_starts(steps).collect(),
        };
        points.dedup();
        points
    }

    /// Number of the phase that `step` ends in: 0 is the dense warm-up, odd ones are compressed. `None` without phases.
    fn phase_of(self, step: u64, steps: u64) -> Option<u64> {
        let Self::Alternating { .. } = self else { return None };
        Some(self.phase_starts(steps).take_while(|&start| start <= step).count() as u64)
    }

    /// The steps at which the phases after the warm-up begin, in order; nothing without phases.
    fn phase_starts(self, steps: u64) -> impl Iterator<Item = u64> {
        let (warmup, phase, until) = match self {
            Self::Alternating { warmup, phase, until } => (warmup, phase, until),
            _ => (0.0, 1.0, -1.0),
        };
        // An odd number of phases, so that it ends compressed. A little more, as quotients of decimal fractions round down.
        let more = ((until - warmup) / phase.max(1e-6) + 1e-9).max(0.0) as u64 / 2 * 2;
        let phases = if let Self::Alternating { .. } = self { 1 + more } else { 0 };
        // The last dense phase takes what is left.
        (1..=phases).map(move |number| match more > 0 && number == 1 + more {
            true => step_at(until, steps),
            false => step_at(warmup + phase * (number - 1) as f64, steps),
        })
    }
}

/// The step at a share of all steps, at least the first.
fn step_at(share: f64, steps: u64) -> u64 {
    ((share * steps as f64).round() as u64).clamp(1, steps.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_fall_from_start_to_end() {
        for (decay, middle) in [(Decay::Cosine, 0.3), (Decay::Linear, 0.3)] {
            let at = |step| decay.fraction(0.5, 0.1, step, 100);
            assert!((at(0) - 0.5).abs() < 1e-15 && (at(50) - middle).abs() < 1e-15, "{decay:?}");
            assert!((at(100) - 0.1).abs() < 1e-15 && (at(500) - 0.1).abs() < 1e-15, "{decay:?}");
        }
        assert_eq!(Decay::Constant.fraction(0.5, 0.1, 70, 100), 0.5);
    }

    #[test]
    fn a_cubic_ramp_starts_at_the_initial_and_ends_at_the_final_density() {
        let last = Density::new(0.1).unwrap();
        let ramp = DensitySchedule::Cubic { initial: 1.0, from: 0.1, to: 0.5 };
        assert_eq!(ramp.initial(last), Density::DENSE);
        assert_eq!(ramp.density(last, 10, 100), Density::DENSE);
        assert!((ramp.density(last, 30, 100).get() - (0.1 + 0.9 / 8.0)).abs() < 1e-12);
        assert_eq!([50, 51, 100].map(|step| ramp.density(last, step, 100)), [last; 3]);
        assert_eq!((1..=100).filter(|&step| ramp.turns(step, 100)).collect::<Vec<_>>(), [50]);
    }

    #[test]
    fn alternating_phases_start_dense_and_end_compressed() {
        let last = Density::new(0.1).unwrap();
        let schedule = DensitySchedule::Alternating { warmup: 0.1, phase: 0.1, until: 0.85 };
        let turns: Vec<u64> = (1..=100).filter(|&step| schedule.turns(step, 100)).collect();
        assert_eq!(turns, [10, 20, 30, 40, 50, 60, 85]);
        let compressed = |step| schedule.density(last, step, 100) == last;
        assert_eq!(
            [5, 10, 19, 20, 30, 59, 60, 84, 85, 100].map(compressed),
            [false, true, true, false, true, true, false, false, true, true]
        );
        // The published schedules: of ImageNet, 100 epochs, and of CIFAR-100, 200 epochs.
        let turns = |warmup, phase, epochs| {
            let schedule = DensitySchedule::Alternating { warmup, phase, until: 0.85 };
            (1..=epochs).filter(|&epoch| schedule.turns(epoch, epochs)).collect::<Vec<u64>>()
        };
        assert_eq!(turns(0.1, 0.05, 100), [10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 85]);
        assert_eq!(turns(0.05, 0.1, 200), [10, 30, 50, 70, 90, 110, 130, 150, 170]);
    }
}
