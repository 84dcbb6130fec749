//! Laws that every initial density rule must keep, on any network.

mod common;

use common::{any_density, block, config, draw_any, formula, layers, rule, table};
use proptest::prelude::*;
use rarefy_core::Block;
use rarefy_sparsity::init::{Problem, Rule};
use rarefy_sparsity::{Layer, Request, SparsityError};

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn densities_spend_the_budget_and_stay_in_range(init in formula(), layers in layers(), density in any_density()) {
        let options = table(density);
        let problem = Problem::new(&layers, density).unwrap().with(&options);
        let densities = match init.densities(&problem) {
            Ok(densities) => densities,
            Err(error) => return refused(init, &layers, &error),
        };
        prop_assert_eq!(densities.len(), layers.len());
        prop_assert!(densities.iter().all(|&d| d > 0.0 && d <= 1.0), "{:?}", densities);
        let spent: f64 = densities.iter().zip(&layers).map(|(d, layer)| d * layer.weights() as f64).sum();
        let budget = density.get() * problem.weights() as f64;
        prop_assert!((spent / budget - 1.0).abs() < 1e-9, "{} of {}", spent, budget);
    }

    #[test]
    fn budget_is_exact_for_every_init(init in rule(), layers in layers(), density in any_density(), seed: u64) {
        let options = table(density);
        let request = Request { init, layers: &layers, density, block: Block::UNSTRUCTURED, mask_seed: seed, options: &options };
        match draw_any(&request) {
            Ok(drawn) => {
                let weights: u64 = layers.iter().map(Layer::weights).sum();
                prop_assert_eq!(drawn.target, density.budget(weights), "{}", init.name());
                prop_assert_eq!(drawn.attained, drawn.target);
                prop_assert_eq!(drawn.patterns.iter().map(|pattern| pattern.nnz() as u64).sum::<u64>(), drawn.target);
            }
            Err(error) => infeasible(&request, &error)?,
        }
    }

    #[test]
    fn patterns_fit_their_layers_and_none_is_empty(
        init in rule(), layers in layers(), density in any_density(), block in block(), seed: u64,
    ) {
        let options = table(density);
        let request = Request { init, layers: &layers, density, block, mask_seed: seed, options: &options };
        let drawn = match draw_any(&request) {
            Ok(drawn) => drawn,
            Err(error) => return infeasible(&request, &error),
        };
        prop_assert_eq!(drawn.patterns.len(), layers.len());
        prop_assert!(drawn.attained <= drawn.target);
        prop_assert_eq!(drawn.layers.iter().map(|layer| layer.nnz).sum::<u64>(), drawn.attained);
        for ((layer, pattern), got) in layers.iter().zip(&drawn.patterns).zip(&drawn.layers) {
            prop_assert_eq!(pattern.shape(), layer.shape);
            prop_assert_eq!(pattern.block(), block.fit(layer.shape));
            prop_assert_eq!((got.nnz, got.block), (pattern.nnz() as u64, pattern.block()));
            prop_assert!(pattern.nnz() > 0, "{} is empty", layer.name);
            if got.ideal_density == 1.0 {
                prop_assert!(pattern.is_full(), "{} must be full", layer.name);
            }
            let positions: Vec<u32> = pattern.iter_positions().collect();
            prop_assert!(positions.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn same_seed_same_pattern_on_any_thread(
        init in rule(), layers in layers(), density in any_density(), block in block(), seed: u64,
    ) {
        let options = table(density);
        let draw = || draw_any(&Request { init, layers: &layers, density, block, mask_seed: seed, options: &options });
        let here = draw();
        let elsewhere: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(draw)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        prop_assert!(elsewhere.iter().all(|there| *there == here));
    }
}

/// A refusal must be true, and the range it names must be feasible.
fn infeasible(request: &Request<'_>, error: &SparsityError) -> Result<(), TestCaseError> {
    let &Request { init, layers, density, block, .. } = request;
    let units: u64 = layers.iter().map(|layer| block.fit(layer.shape).len() as u64).sum();
    match *error {
        SparsityError::TooSparse { target, least, smallest, .. } => {
            prop_assert!(target < units && least == units);
            prop_assert!(smallest > density.get());
            let options = table(common::density(smallest));
            let again =
                draw_any(&Request { density: common::density(smallest), options: &options, ..*request });
            prop_assert!(!matches!(again, Err(SparsityError::TooSparse { .. })), "{:?}", again);
        }
        SparsityError::TooManyDense { target, least, .. } => {
            prop_assert!(target >= units && target < least);
            let densities =
                init.densities(&Problem::new(layers, density).unwrap().with(request.options)).unwrap();
            let needed = layers.iter().zip(densities).map(|(layer, density)| {
                if density == 1.0 { layer.weights() } else { block.fit(layer.shape).len() as u64 }
            });
            prop_assert_eq!(least, needed.sum::<u64>());
        }
        SparsityError::Infeasible { .. } => refused(init, layers, error)?,
        ref other => prop_assert!(false, "unexpected error: {}", other),
    }
    Ok(())
}

/// A density that a rule refuses lies outside the range it names, and its ends are feasible to the rule.
fn refused(init: &dyn Rule, layers: &[Layer], error: &SparsityError) -> Result<(), TestCaseError> {
    let &SparsityError::Infeasible { density, smallest, largest, .. } = error else {
        return Err(TestCaseError::fail(format!("unexpected error: {error}")));
    };
    prop_assert!(density.get() < smallest || density.get() > largest, "{}", error);
    prop_assert!(smallest <= largest, "{}", error);
    for end in [smallest, largest] {
        let problem = Problem::new(layers, common::density(end)).unwrap();
        prop_assert!(
            init.densities(&problem).is_ok(),
            "{} at {}: {:?}",
            error,
            end,
            init.densities(&problem)
        );
    }
    Ok(())
}
