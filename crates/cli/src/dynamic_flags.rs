//! Flags of patterns that move while training.

use crate::args::choices;
use rarefy::core::Density;
use rarefy::sparsity::drop::Scope;
use rarefy::sparsity::method::{MemoryBound, Order};
use rarefy::sparsity::schedule::{Decay, DensitySchedule};
use rarefy::sparsity::{drop, grow, redistribution};
use rarefy::train::Recipe;

/// One flag per key of the recipe's table `dynamic`; what is not given is as the method has it.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct DynamicFlags {
    #[arg(long, value_name = "RULE", help = choices("Rule by which weights go", drop::REGISTRY.iter().map(|rule| rule.name())))]
    #[arg(value_parser = |name: &str| drop::find(name).map(|rule| rule.name().to_owned()).map_err(|error| error.to_string()))]
    pub(crate) drop: Option<String>,
    #[arg(long, value_name = "SCOPE", help = choices("Among which weights it looks", Scope::ALL.iter().map(|(name, _)| *name)))]
    drop_scope: Option<String>,
    /// Share of existing weights exchanged at an update, at the start
    #[arg(long, value_name = "F", allow_hyphen_values = true)]
    pub(crate) drop_fraction: Option<f64>,
    /// Where that share ends
    #[arg(long, value_name = "F", allow_hyphen_values = true)]
    drop_fraction_end: Option<f64>,
    #[arg(long, value_name = "NAME", help = choices("How the share gets there", Decay::ALL.iter().map(|(name, _)| *name)))]
    pub(crate) drop_schedule: Option<String>,
    /// Absolute values below it go with --drop threshold [default: 0.001]
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    drop_threshold: Option<f64>,
    /// Weight of the gradient with --drop mest [default: 0.01]
    #[arg(long, value_name = "L", allow_hyphen_values = true)]
    mest_lambda: Option<f64>,
    #[arg(long, value_name = "RULE", help = choices("Rule by which weights grow", grow::REGISTRY.iter().map(|rule| rule.name())))]
    #[arg(value_parser = |name: &str| grow::find(name).map(|rule| rule.name().to_owned()).map_err(|error| error.to_string()))]
    pub(crate) grow: Option<String>,
    #[arg(long, value_name = "RULE", help = choices("Rule by which layers share growth", redistribution::REGISTRY.iter().map(|rule| rule.name())))]
    #[arg(value_parser = |name: &str| redistribution::find(name).map(|rule| rule.name().to_owned()).map_err(|error| error.to_string()))]
    pub(crate) redistribution: Option<String>,
    /// Steps between updates
    #[arg(long, value_name = "STEPS")]
    pub(crate) update_every: Option<u64>,
    /// Share of all steps after which the pattern stays
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    update_until: Option<f64>,
    #[arg(long, value_name = "ORDER", help = choices("Update in place of the optimizer's step or after it", Order::ALL.iter().map(|(name, _)| *name)))]
    update_order: Option<String>,
    #[arg(long, value_name = "BOUND", help = choices("Whether weights may exceed the density between updates", MemoryBound::ALL.iter().map(|(name, _)| *name)))]
    memory_bound: Option<String>,
    #[arg(long, value_name = "NAME", help = choices("How dense the network is over the run", DensitySchedule::NAMES.iter().copied()))]
    density_schedule: Option<String>,
    /// Density before a cubic ramp
    #[arg(long, value_name = "D")]
    initial_density: Option<Density>,
    /// Share of all steps at which the ramp starts, or the first dense phase ends
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    density_from: Option<f64>,
    /// Share of all steps at which the ramp ends, or after which no phase begins
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    density_to: Option<f64>,
    /// Share of all steps that a dense or compressed phase takes
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    density_phase: Option<f64>,
    /// Pull of deepr towards zero [default: 0.00001]
    #[arg(long, value_name = "W", allow_hyphen_values = true)]
    deepr_l1: Option<f64>,
    /// Temperature of deepr's noise [default: 2.5e-11]
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    deepr_temperature: Option<f64>,
}

impl DynamicFlags {
    /// Overrides the keys of `recipe` whose flags were given.
    pub(crate) fn apply(&self, recipe: &mut Recipe) {
        let keys = &mut recipe.dynamic;
        for (key, flag) in [
            (&mut keys.drop, &self.drop),
            (&mut keys.drop_scope, &self.drop_scope),
            (&mut keys.drop_schedule, &self.drop_schedule),
            (&mut keys.grow, &self.grow),
            (&mut keys.redistribution, &self.redistribution),
            (&mut keys.update_order, &self.update_order),
            (&mut keys.memory_bound, &self.memory_bound),
            (&mut keys.density_schedule, &self.density_schedule),
        ] {
            if flag.is_some() {
                key.clone_from(flag);
            }
        }
        for (key, flag) in [
            (&mut keys.drop_fraction, self.drop_fraction),
            (&mut keys.drop_fraction_end, self.drop_fraction_end),
            (&mut keys.drop_threshold, self.drop_threshold),
            (&mut keys.mest_lambda, self.mest_lambda),
            (&mut keys.update_until, self.update_until),
            (&mut keys.density_from, self.density_from),
            (&mut keys.density_to, self.density_to),
            (&mut keys.density_phase, self.density_phase),
            (&mut keys.deepr_l1, self.deepr_l1),
            (&mut keys.deepr_temperature, self.deepr_temperature),
        ] {
            *key = flag.or(*key);
        }
        keys.update_every = self.update_every.or(keys.update_every);
        keys.initial_density = self.initial_density.or(keys.initial_density);
    }
}
