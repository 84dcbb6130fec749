//! Train neural networks sparse from the first step.
//!
//! Draw a random pattern of weights with well-chosen layer-wise densities before training, then train only the weights
//! that are there ("The Unreasonable Effectiveness of Random Pruning", Liu et al., ICLR 2022). Nothing here is a mask over
//! dense weights: memory, compute and files shrink with the number of non-zeros.
//!
//! The [`prelude`] has what a training program needs: define a [`graph::Graph`](nn::graph::Graph) (or take one of
//! [`nn::models`]), draw patterns, train on your own [`data::Dataset`], evaluate and save. `examples/own_dataset.rs` does
//! it in under 40 lines; by name it is shorter still:
//!
//! ```no_run
//! use rarefy::prelude::*;
//!
//! # fn main() -> Result<(), rarefy::train::TrainError> {
//! let recipe = Recipe { density: Density::new(0.05).unwrap_or(Density::DENSE), ..Recipe::default() };
//! let mut trainer = Trainer::new(Setup::from_recipe(recipe)?)?;
//! // The trainer's recipe, not the one asked for: it names the network and the data that there are.
//! let mut run = RunDir::create(None, trainer.recipe())?;
//! let summary = trainer.run_to_end(&mut run)?;
//! println!("test accuracy {:.4} in {}", summary.test_acc.unwrap_or(0.0), run.path().display());
//! # Ok(())
//! # }
//! ```
//!
//! # Parts
//! | module | holds |
//! |---|---|
//! | [`core`](mod@core) | density, pattern, random streams |
//! | [`sparsity`] | layer densities and how patterns are drawn |
//! | [`nn`] | graphs, models, parameters, the fast engine and the naive reference |
//! | [`data`] | data sets and batches |
//! | [`formats`] | checkpoints |
//! | [`train`] | recipes, the training loop, run folders |
//! | [`eval`] | calibration, out-of-distribution detection, attacks, corruptions |
//! | [`kernels`] | what the engine is made of |
#![forbid(unsafe_code)]

pub mod prelude;

pub use rarefy_core as core;
pub use rarefy_data as data;
pub use rarefy_eval as eval;
pub use rarefy_formats as formats;
pub use rarefy_kernels as kernels;
pub use rarefy_nn as nn;
pub use rarefy_sparsity as sparsity;
pub use rarefy_train as train;
