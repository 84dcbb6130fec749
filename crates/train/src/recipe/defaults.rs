//! What a recipe does not say: settings per data set.

use super::{DynamicOptions, LrScheduleName, Method, OptimizerName, PatternUnit, Recipe};
use rarefy_core::{Block, Density, same_name};
use rarefy_data::Constants;

impl Default for Recipe {
    fn default() -> Self {
        Self {
            data: "digits".to_owned(),
            data_dir: None,
            valid_split: None,
            split_seed: None,
            normalization: Constants::Standard,
            pad_to_32: false,
            model: "cifar_resnet_8".to_owned(),
            density: Density::new(0.1).unwrap_or(Density::DENSE),
            sparse_init: "erk".to_owned(),
            erk_power: None,
            fc_density: None,
            keep_dense: None,
            budget: None,
            mask_sampling: None,
            saliency_mask: None,
            saliency_rounds: None,
            samples_per_class: None,
            min_per_layer: None,
            layer_densities: None,
            dynamic: DynamicOptions::default(),
            pattern: PatternUnit(Block::UNSTRUCTURED),
            match_dense: None,
            mask_from: None,
            shuffle_mask: false,
            reinit: false,
            weights_from: None,
            rewind_epoch: None,
            scaled: None,
            method: Method::STATIC,
            epochs: 40,
            extended_from: Vec::new(),
            multiplier: 1,
            batch_size: 64,
            accumulate: 1,
            norm_batch: None,
            test_batch_size: None,
            lr: 0.1,
            lr_schedule: LrScheduleName::COSINE,
            milestones: None,
            warmup: 0,
            optimizer: OptimizerName::Sgd,
            momentum: 0.9,
            nesterov: true,
            weight_decay: 5e-4,
            seed: 1,
            mask_seed: None,
            init_seed: None,
            data_seed: None,
            threads: None,
            checkpoint_every: None,
            log_gradient_flow: None,
            out: None,
        }
    }
}

impl Recipe {
    /// The default recipe for a data set: [`Recipe::default`] for the digits, the published CIFAR settings for every other.
    pub fn for_data(data: &str) -> Self {
        let digits = Self::default();
        if same_name(data, &digits.data) { digits } else { Self { data: data.to_owned(), ..Self::cifar() } }
    }

    /// The published settings for CIFAR (Liu et al. 2022): 160 epochs of batches of 128, rate 0.1 divided by ten at
    /// 1/2 and 3/4 of them, Nesterov momentum 0.9, weight decay 5e-4.
    fn cifar() -> Self {
        Self {
            data: "cifar10".to_owned(),
            model: "cifar_resnet_20".to_owned(),
            epochs: 160,
            batch_size: 128,
            lr_schedule: LrScheduleName::MULTISTEP,
            ..Self::default()
        }
    }
}
