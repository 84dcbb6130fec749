//! A start from another network: its mask, its weights.
//!
//! Frankle and Carbin 2019 (*The Lottery Ticket Hypothesis*): a mask with the weights its own run started from. Frankle et al. 2021
//! (*Pruning Neural Networks at Initialization: Why Are We Missing the Mark?*): the same mask shuffled within its layers, and
//! with weights drawn anew.

use crate::error::TrainError;
use crate::recipe::Recipe;
use crate::trained::Trained;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Density, Pattern};
use rarefy_formats::Checkpoint;
use rarefy_nn::graph::Graph;
use rarefy_nn::params::{Column, ParamStore};
use rarefy_sparsity::SparsityError;
use std::path::Path;

/// Streams of shuffled masks come after those of any network's layers.
const SHUFFLED: u64 = 1 << 32;

impl Recipe {
    /// The patterns of `mask_from`, shuffled if asked for, and the recipe with what they decide: the density is theirs, and
    /// the seed of the initial weights is that of the mask's run; with `reinit` the one after it.
    ///
    /// # Errors
    /// No such file, a damaged one, one of another network.
    pub(crate) fn start_from_mask(
        mut self,
        path: &Path,
        graph: &Graph,
    ) -> Result<(Self, Vec<Pattern>), TrainError> {
        let Checkpoint { meta, store, .. } = Checkpoint::load_for(&Trained::find(path)?, graph)?;
        if let (None, Some(seeds)) = (self.init_seed, meta.seeds) {
            let seed = seeds.init.wrapping_add(u64::from(self.reinit));
            // TOML integers are signed.
            self.init_seed = Some(seed % (1 << 63));
        }
        let density = store.nnz() as f64 / graph.prunable_len().max(1) as f64;
        self.density = Density::new(density).unwrap_or(self.density);
        let mut patterns: Vec<Pattern> =
            store.patterns().iter().map(Pattern::try_clone).collect::<Result<_, _>>()?;
        if self.shuffle_mask {
            for (layer, pattern) in (SHUFFLED..).zip(&mut patterns) {
                let mut stream = Stream::new(self.mask_seed(), Purpose::Mask, layer);
                let positions = stream.choose(pattern.positions() as u32, pattern.blocks() as u32);
                let shuffled = Pattern::from_positions(pattern.shape(), pattern.block(), &positions);
                // As many positions of the same shape and block: only memory can be what is missing.
                *pattern = shuffled.map_err(|source| SparsityError::Layer {
                    layer: format!("{} of the mask", layer - SHUFFLED),
                    source,
                })?;
            }
        }
        Ok((self, patterns))
    }
}

/// Takes values and running statistics from the network at `path`; a weight that it has not becomes zero, as it is there.
/// The optimizer's state starts anew, unless the run is `rewound`.
///
/// # Errors
/// No such file, a damaged one, one of another network.
pub(crate) fn take_weights(
    path: &Path,
    graph: &Graph,
    store: &mut ParamStore,
    rewound: bool,
) -> Result<(), TrainError> {
    let from = Checkpoint::load_for(&Trained::find(path)?, graph)?.store;
    let columns = [Column::Value, Column::Momentum, Column::SecondMoment];
    for view in 0..store.views().len() {
        for &column in &columns[..if rewound { 3 } else { 1 }] {
            store.set_from_dense(view, column, &from.try_to_dense(view, column)?);
        }
    }
    let (mean, variance) = store.running_mut();
    mean.copy_from_slice(from.running_mean());
    variance.copy_from_slice(from.running_var());
    Ok(())
}
