//! Flags that only the published code has. `flags.rs` above has those that both have; `_` may stand for `-` in all.

use super::names::{DEATH, DECAY_SCHEDULE, GROWTH, one_of};
use std::path::PathBuf;

/// What the published CIFAR command line says beyond rarefy's own.
#[derive(clap::Args, Default)]
#[command(next_help_heading = crate::help::PUBLISHED)]
pub(crate) struct PublishedFlags {
    /// Train sparse: with --model and a flag of this list, training is dense without it
    #[arg(long)]
    pub(super) sparse: bool,
    /// Keep the pattern as it was drawn (--method static)
    #[arg(long)]
    pub(super) fix: bool,
    /// As --epochs
    #[arg(long, value_name = "N", overrides_with = "epochs")]
    pub(super) epoch: Option<u32>,
    /// As --weight-decay
    #[arg(long, value_name = "W", allow_hyphen_values = true, overrides_with = "weight_decay")]
    pub(super) l2: Option<f64>,
    /// As --out: the folder of the run
    #[arg(long, value_name = "DIR", overrides_with = "out")]
    pub(crate) save: Option<PathBuf>,
    /// L1 penalty: only 0 yet
    #[arg(long, value_name = "W")]
    pub(super) l1: Option<f64>,
    /// Runs one after the other: only 1 yet
    #[arg(long, value_name = "N")]
    pub(super) iters: Option<u32>,
    /// Save features of a trained network: not built yet
    #[arg(long)]
    pub(super) save_features: bool,
    /// As --grow; no effect with --fix
    #[arg(long, value_name = "RULE", value_parser = |name: &str| one_of(GROWTH, name))]
    pub(super) growth: Option<&'static str>,
    /// As --drop; no effect with --fix
    #[arg(long, value_name = "RULE", value_parser = |name: &str| one_of(DEATH, name))]
    pub(super) death: Option<&'static str>,
    /// As --drop-fraction; no effect with --fix
    #[arg(long, value_name = "F")]
    pub(super) death_rate: Option<f64>,
    /// As --update-every; no effect with --fix
    #[arg(long, value_name = "STEPS")]
    pub(super) update_frequency: Option<u64>,
    /// As --drop-schedule; no effect with --fix
    #[arg(long, value_name = "NAME", value_parser = |name: &str| one_of(DECAY_SCHEDULE, name))]
    pub(super) decay_schedule: Option<&'static str>,
    /// No effect: rarefy computes on the CPU
    #[arg(long)]
    pub(super) no_cuda: bool,
    /// No effect: rarefy computes with 32-bit numbers
    #[arg(long)]
    pub(super) fp16: bool,
    /// No effect: see `rarefy bench step`
    #[arg(long)]
    pub(super) bench: bool,
    /// No effect: one thread loads data; --threads sets those that compute
    #[arg(long, value_name = "N")]
    pub(super) max_threads: Option<u32>,
    /// No effect: progress is shown at every step and recorded every epoch
    #[arg(long, value_name = "STEPS")]
    pub(super) log_interval: Option<u64>,
    /// No effect: a checkpoint knows its epoch
    #[arg(long, value_name = "N")]
    pub(super) start_epoch: Option<u32>,
    /// No effect: the rate falls at 1/2 and 3/4 of the epochs or at --milestones
    #[arg(long, value_name = "STEPS")]
    pub(super) decay_frequency: Option<u64>,
}

impl PublishedFlags {
    /// Those given that have no meaning here, and why.
    pub(super) fn idle(&self) -> Vec<(&'static str, &'static str)> {
        let idle = [
            (self.no_cuda, "--no-cuda", "rarefy computes on the CPU"),
            (self.fp16, "--fp16", "rarefy computes with 32-bit numbers"),
            (self.bench, "--bench", "`rarefy bench step` times training steps"),
            (
                self.max_threads.is_some(),
                "--max-threads",
                "one thread loads data; --threads sets those that compute",
            ),
            (
                self.log_interval.is_some(),
                "--log-interval",
                "progress is shown at every step and recorded every epoch",
            ),
            (self.start_epoch.is_some(), "--start-epoch", "a checkpoint knows its epoch"),
            (
                self.decay_frequency.is_some(),
                "--decay-frequency",
                "the rate falls at 1/2 and 3/4 of the epochs or at --milestones",
            ),
        ];
        given(idle)
    }

    /// Those given that only a moving pattern has a use for.
    pub(super) fn dynamic(&self) -> Vec<&'static str> {
        let dynamic = [
            (self.growth.is_some(), "--growth", ""),
            (self.death.is_some(), "--death", ""),
            (self.death_rate.is_some(), "--death-rate", ""),
            (self.update_frequency.is_some(), "--update-frequency", ""),
            (self.decay_schedule.is_some(), "--decay-schedule", ""),
        ];
        given(dynamic).into_iter().map(|(flag, _)| flag).collect()
    }

    /// Those given that ask for what cannot be done yet, and what to do instead.
    pub(super) fn unbuilt(&self) -> Vec<(&'static str, &'static str)> {
        given([
            (self.l1.is_some_and(|l1| l1 != 0.0), "--l1", "leave it away, or use --l2 for an L2 penalty"),
            (self.iters.is_some_and(|iters| iters != 1), "--iters", "start one run for each --seed"),
            (self.save_features, "--save-features", "leave it away"),
        ])
    }

    /// Whether any is given.
    pub(super) fn any(&self) -> bool {
        let settings = [
            self.sparse,
            self.fix,
            self.epoch.is_some(),
            self.l2.is_some(),
            self.save.is_some(),
            self.l1.is_some(),
            self.iters.is_some(),
            self.save_features,
        ];
        settings.contains(&true) || !self.idle().is_empty() || !self.dynamic().is_empty()
    }
}

/// The flags that were given, with their reasons.
fn given<const N: usize>(
    flags: [(bool, &'static str, &'static str); N],
) -> Vec<(&'static str, &'static str)> {
    flags.into_iter().filter(|(given, ..)| *given).map(|(_, flag, reason)| (flag, reason)).collect()
}
