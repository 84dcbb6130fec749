//! The exact budget, by hand and against brute force.

mod common;

use common::{any_density, block, config, density, formula, layers, table};
use proptest::prelude::*;
use rarefy_core::Block;
use rarefy_sparsity::budget::{Shares, share};
use rarefy_sparsity::init::{Problem, Rule, Uniform};
use rarefy_sparsity::{Layer, SparsityError};

const SINGLE: Block = Block::UNSTRUCTURED;

fn vectors(lengths: &[usize]) -> Vec<Layer> {
    lengths.iter().map(|&length| Layer::linear(format!("fc{length}"), length, 1)).collect()
}

fn counts(lengths: &[usize], densities: &[f64], global: f64) -> Vec<u64> {
    share(&vectors(lengths), densities, density(global), SINGLE).unwrap().counts
}

#[test]
fn what_the_floors_leave_goes_to_the_largest_remainders() {
    // Quotas 2.5, 5.75, 1.75 of 10.
    assert_eq!(counts(&[10, 23, 7], &[0.25; 3], 0.25), [2, 6, 2]);
}

#[test]
fn ties_go_to_the_lower_index() {
    // Four quotas of 2.5 of 10, five of 1.5 of round(7.5) = 8.
    assert_eq!(counts(&[5; 4], &[0.5; 4], 0.5), [3, 3, 2, 2]);
    assert_eq!(counts(&[3; 5], &[0.5; 5], 0.5), [2, 2, 2, 1, 1]);
}

#[test]
fn every_layer_gets_a_weight_and_the_large_ones_pay() {
    // Quotas 0.1 (four times), 30 and 60, scaled to 86 after four single weights: 28.67 and 57.33.
    assert_eq!(counts(&[1, 1, 1, 1, 300, 600], &[0.1; 6], 0.1), [1, 1, 1, 1, 29, 57]);
    assert_eq!(counts(&[1, 1, 1, 2], &[0.1, 0.1, 0.9, 0.9], 0.8), [1, 1, 1, 1]);
}

#[test]
fn dense_layers_are_full_and_overflow_is_shared_again() {
    assert_eq!(counts(&[4, 100], &[1.0, 0.1], 0.13), [4, 10]);
    // A rule that asks for 46 of 52: the second layer can hold no more, so the third takes the rest.
    assert_eq!(counts(&[4, 20, 80], &[1.0, 0.9, 0.3], 0.5), [4, 20, 28]);
}

#[test]
fn any_rule_is_scaled_to_the_budget() {
    assert_eq!(counts(&[100, 100], &[0.001, 0.002], 0.75), [50, 100]);
    assert_eq!(counts(&[100, 100], &[f64::from_bits(1), 0.5], 0.75), [50, 100]);
}

#[test]
fn a_density_below_one_weight_per_layer_names_the_range() {
    let layers = vectors(&[50, 30, 20]);
    let error = share(&layers, &[0.02; 3], density(0.02), SINGLE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "density 0.02 keeps 2 of 100 weights, but one weight in each of 3 layers takes 3; the feasible range is 0.03 to 1"
    );
    assert_eq!(share(&layers, &[0.03; 3], density(0.03), SINGLE).unwrap().counts, [1, 1, 1]);

    let layers = [Layer::conv("conv", 16, 16, 3, 3), Layer::linear("fc", 10, 16)];
    let four = Block { rows: 4, columns: 4 };
    let error = share(&layers, &[0.005; 2], density(0.005), four).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("one block in each of 2 layers takes 24") && text.contains("0.00975 to 1"),
        "{text}"
    );
}

#[test]
fn dense_layers_that_starve_the_others_are_an_error() {
    let layers = vectors(&[10, 10, 10]);
    let error = share(&layers, &[1.0, 0.05, 0.05], density(0.36), SINGLE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "density 0.36 keeps 11 of 30 weights, but what must be dense (1 of 3 layers) and one weight in \
         each other layer (from `fc10` on) takes 12; the feasible range starts near 0.4"
    );
    let error = share(&layers, &[1.0; 3], density(0.5), SINGLE).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("must be dense (3 of 3 layers) takes 30; the feasible range starts near 1"),
        "{error}"
    );
}

#[test]
fn bad_lists_and_blocks_are_refused() {
    let layers = vectors(&[10, 10]);
    let refused = |densities: &[f64], block| share(&layers, densities, density(0.5), block).unwrap_err();
    for found in [0.0, -0.5, 1.5, f64::INFINITY] {
        assert_eq!(
            refused(&[0.5, found], SINGLE),
            SparsityError::LayerDensity { layer: "fc10".into(), found }
        );
    }
    assert!(matches!(refused(&[f64::NAN, 0.5], SINGLE), SparsityError::LayerDensity { .. }));
    assert!(matches!(refused(&[0.5], SINGLE), SparsityError::Length { expected: 2, found: 1, .. }));
    let empty = Block { rows: 0, columns: 4 };
    assert_eq!(refused(&[0.5; 2], empty), SparsityError::Block { found: empty });
    assert_eq!(share(&[], &[], density(0.5), SINGLE), Err(SparsityError::NoLayers));
    let layers = [Layer::conv("c", 3, 0, 3, 3)];
    assert!(matches!(share(&layers, &[0.5], density(0.5), SINGLE), Err(SparsityError::Layer { .. })));
}

#[test]
fn blocks_of_unlike_size_reach_every_attainable_total() {
    // Blocks of 4 (stem: one input channel), 16 (conv) and 8 (fc).
    let layers =
        [Layer::conv("stem", 16, 1, 3, 3), Layer::conv("conv", 16, 16, 3, 3), Layer::linear("fc", 10, 16)];
    let four = Block { rows: 4, columns: 4 };
    for percent in 2..=100 {
        let global = density(f64::from(percent) / 100.0);
        let Shares { target, attained, .. } = share(&layers, &[global.get(); 3], global, four).unwrap();
        assert_eq!(attained, target / 4 * 4, "at {percent} %");
    }
}

#[test]
fn a_dense_layer_gives_no_block_away_to_reach_a_total() {
    // Of 2464 weights 1500: the linear layer (blocks of 8) is full with 160, the convolution takes blocks of 16.
    let layers = [Layer::conv("conv", 16, 16, 3, 3), Layer::linear("fc", 10, 16)];
    let global = 1500.0 / 2464.0;
    let shares =
        share(&layers, &[1340.0 / 2304.0, 1.0], density(global), Block { rows: 4, columns: 4 }).unwrap();
    assert_eq!(shares, Shares { counts: vec![83, 20], target: 1500, attained: 1488 });
}

#[test]
fn blocks_stay_near_the_ideal_densities() {
    let layers = [
        Layer::conv("a", 64, 64, 3, 3),
        Layer::conv("b", 96, 60, 3, 3),
        Layer::linear("c", 100, 96),
        Layer::conv("d", 64, 3, 3, 3),
    ];
    let block = Block { rows: 6, columns: 4 };
    let shares = share(&layers, &[0.1; 4], density(0.1), block).unwrap();
    for (layer, &count) in layers.iter().zip(&shares.counts) {
        let unit = block.fit(layer.shape).len() as f64;
        let quota = 0.1 * layer.weights() as f64 / unit;
        assert!((count as f64 - quota).abs() < 4.0, "{}: {count} blocks for {quota}", layer.name);
    }
    // Units 8, 24, 8 and 2.
    assert_eq!((shares.target, shares.attained), (10_003, 10_002));
}

/// The largest sum of one to all blocks per layer (all of a dense one) that is not above `target`.
fn largest_attainable(layers: &[Layer], densities: &[f64], block: Block, target: u64) -> Option<u64> {
    let mut sums = vec![false; target as usize + 1];
    sums[0] = true;
    for (layer, &density) in layers.iter().zip(densities) {
        let unit = block.fit(layer.shape).len();
        let capacity = layer.shape.len() / unit;
        let least = if density == 1.0 { capacity } else { 1 };
        let mut next = vec![false; sums.len()];
        // Along each residue of the unit: how far back the last sum without this layer lies.
        for residue in 0..unit.min(sums.len()) {
            let mut seen = std::collections::VecDeque::new();
            for (step, sum) in (residue..sums.len()).step_by(unit).enumerate() {
                if sums[sum] {
                    seen.push_back(step);
                }
                while seen.front().is_some_and(|&first| first + capacity < step) {
                    seen.pop_front();
                }
                next[sum] = seen.front().is_some_and(|&first| first + least <= step);
            }
        }
        sums = next;
    }
    sums.iter().rposition(|&attainable| attainable).map(|sum| sum as u64)
}

proptest! {
    #![proptest_config(config(1024))]

    #[test]
    fn the_total_is_the_largest_attainable_not_above_the_target(
        init in formula(), layers in layers(), global in any_density(), block in block(),
    ) {
        let options = table(global);
        let densities = init.densities(&Problem::new(&layers, global).unwrap().with(&options));
        prop_assume!(densities.is_ok());
        let densities = densities.unwrap();
        let target = global.budget(layers.iter().map(Layer::weights).sum());
        let best = largest_attainable(&layers, &densities, block, target);
        match share(&layers, &densities, global, block) {
            Ok(shares) => {
                let total: u64 = layers.iter().zip(&shares.counts)
                    .map(|(layer, count)| count * block.fit(layer.shape).len() as u64).sum();
                prop_assert_eq!(shares.attained, total);
                prop_assert_eq!(Some(total), best);
            }
            Err(error) => prop_assert_eq!(best, None, "{}", error),
        }
    }

    #[test]
    fn counts_are_floor_or_ceiling_of_the_ideal_unless_a_layer_would_be_empty(
        init in formula(), layers in layers(), global in any_density(),
    ) {
        let options = table(global);
        let densities = init.densities(&Problem::new(&layers, global).unwrap().with(&options));
        prop_assume!(densities.is_ok());
        let densities = densities.unwrap();
        let ideal = |index: usize| densities[index] * layers[index].weights() as f64;
        prop_assume!((0..layers.len()).all(|index| ideal(index) >= 1.0));
        let shares = share(&layers, &densities, global, SINGLE).unwrap();
        for (index, &count) in shares.counts.iter().enumerate() {
            prop_assert!((count as f64 - ideal(index)).abs() < 1.0 + 1e-9, "{} for {}", count, ideal(index));
        }
    }
}

#[test]
fn uniform_keeps_the_share_of_large_networks_exact() {
    let layers: Vec<Layer> = (0..54).map(|i| Layer::conv(format!("{i}"), 512 + i, 512, 3, 3)).collect();
    let weights: u64 = layers.iter().map(Layer::weights).sum();
    for value in [0.001, 0.1, 0.333] {
        let densities = Uniform.densities(&Problem::new(&layers, density(value)).unwrap()).unwrap();
        let shares = share(&layers, &densities, density(value), SINGLE).unwrap();
        assert_eq!(shares.counts.iter().sum::<u64>(), density(value).budget(weights));
    }
}
