//! Recipes of runs that start from another network.

use super::check::{require, shown};
use super::{Recipe, RecipeError};
use rarefy_sparsity::method::Hook;
use rarefy_sparsity::schedule::DensitySchedule;

impl Recipe {
    /// Checks that what the start takes from other networks goes together, and with the method.
    pub(super) fn check_start(&self) -> Result<(), RecipeError> {
        let yes = || "true".to_owned();
        let method = || format!("method = \"{}\"", self.method);
        let (masked, weighted) = (self.mask_from.is_some(), self.weights_from.is_some());
        require(masked || !self.shuffle_mask, "shuffle_mask", "false without `mask_from`", yes)?;
        require(masked || !self.reinit, "reinit", "false without `mask_from`", yes)?;
        require(!weighted || !self.reinit, "reinit", "false with `weights_from`", yes)?;
        let scaled = || shown(self.scaled);
        require(!weighted || self.scaled.is_none(), "scaled", "absent with `weights_from`", scaled)?;
        let matched = || shown(self.match_dense);
        let own = self.match_dense.is_none() || !masked && !weighted;
        require(own, "match", "absent with `mask_from` and `weights_from`", matched)?;
        // A scheduled density says how many weights the first pattern has, and so does a mask.
        let expected = "absent with a density schedule other than \"constant\"";
        require(!masked || self.keeps_density(), "mask_from", expected, method)?;
        // Fixed signs are drawn before training and would turn trained weights over.
        let signs = self.method.preset().hook == Hook::FixedSigns;
        require(!weighted || !signs, "weights_from", "absent with a method of fixed signs", method)?;
        self.check_rewind()
    }

    /// A rewound run goes on in the middle of its schedule: what a moving pattern has remembered until then is nowhere kept.
    fn check_rewind(&self) -> Result<(), RecipeError> {
        let Some(epoch) = self.rewind_epoch else { return Ok(()) };
        let (key, found) = ("rewind_epoch", || epoch.to_string());
        require(self.weights_from.is_some(), key, "absent without `weights_from`", found)?;
        require(epoch < self.total_epochs(), key, "before the last epoch of the run", found)?;
        let method = || format!("{epoch} with method = \"{}\"", self.method);
        require(!self.method.preset().dynamic, key, "absent unless method = \"static\"", method)
    }

    /// Whether the density stays what it is at the start.
    fn keeps_density(&self) -> bool {
        let preset = self.method.preset().density.name();
        let name = self.dynamic.density_schedule.as_deref().unwrap_or(preset);
        !self.method.preset().dynamic || rarefy_core::same_name(name, DensitySchedule::Constant.name())
    }
}
