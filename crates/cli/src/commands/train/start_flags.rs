//! Flags of runs that start from another network.

use clap::Args;
use rarefy::train::{MatchName, Recipe};
use std::path::PathBuf;

/// Mask and weights of another run.
#[derive(Args)]
pub(super) struct StartFlags {
    /// Train the dense network of as many `params` or `flops` as the sparse one asked for, by its width
    #[arg(long = "match", value_name = "COST")]
    match_dense: Option<MatchName>,
    /// Train the weights that exist in this run or checkpoint, from the initial values that its run started with
    #[arg(long, value_name = "RUN|CKPT")]
    mask_from: Option<PathBuf>,
    /// With --mask-from: as many weights in each layer, at positions drawn anew
    #[arg(long)]
    shuffle_mask: bool,
    /// With --mask-from: initial values of another seed [default: its run's plus 1]
    #[arg(long)]
    reinit: bool,
    /// Start with the weights and running statistics of this run or checkpoint
    #[arg(long, value_name = "RUN|CKPT")]
    weights_from: Option<PathBuf>,
    /// With --weights-from: start after this epoch of the schedule, with the optimizer state that is there
    #[arg(long, value_name = "EPOCH")]
    rewind_epoch: Option<u32>,
}

impl StartFlags {
    /// Overrides the keys of `recipe` whose flags were given.
    pub(super) fn apply(&self, recipe: &mut Recipe) {
        for (key, flag) in
            [(&mut recipe.mask_from, &self.mask_from), (&mut recipe.weights_from, &self.weights_from)]
        {
            if flag.is_some() {
                key.clone_from(flag);
            }
        }
        recipe.match_dense = self.match_dense.or(recipe.match_dense);
        recipe.rewind_epoch = self.rewind_epoch.or(recipe.rewind_epoch);
        recipe.shuffle_mask |= self.shuffle_mask;
        recipe.reinit |= self.reinit;
    }
}
