//! Layers kept dense, budgets over the rest, published draws, and formulas of single inits.

mod common;

use common::{any_density, block, config, density, draw_any, layers, rule};
use proptest::prelude::*;
use rarefy_core::{Block, Density};
use rarefy_sparsity::init::{self, Problem, Rule};
use rarefy_sparsity::{BudgetOver, Layer, MaskSampling, Options, Request, SparsityError};

const SINGLE: Block = Block::UNSTRUCTURED;

fn network() -> [Layer; 4] {
    [
        Layer::conv("conv", 16, 3, 3, 3),
        Layer::conv("block.conv1", 16, 16, 3, 3),
        Layer::conv("block.shortcut.0", 16, 16, 1, 1),
        Layer::linear("fc", 10, 16),
    ]
}

fn densities(init: &dyn Rule, layers: &[Layer], density: f64, options: &Options) -> Vec<f64> {
    init.densities(&Problem::new(layers, self::density(density)).unwrap().with(options)).unwrap()
}

fn keep(list: &str) -> Options {
    Options { keep_dense: list.parse().unwrap(), ..Options::default() }
}

#[test]
fn lists_name_layers_by_place_by_kind_and_by_name() {
    let named = |list: &str| keep(list).keep_dense.select(&network()).unwrap();
    assert_eq!(named("first"), [true, false, false, false]);
    assert_eq!(named("last, shortcut"), [false, false, true, true]);
    assert_eq!(named("^block,first"), [true, true, true, false]);
    assert!("".parse::<rarefy_sparsity::KeepDense>().is_err());
    let error = keep("lsat").keep_dense.select(&network()).unwrap_err().to_string();
    assert!(error.contains("`lsat`") && error.contains("did you mean `last`?"), "{error}");
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn kept_layers_are_full_and_the_budget_is_exact(
        init in rule(), layers in layers(), density in any_density(), block in block(), pruned: bool, last: bool,
    ) {
        let list = if last { "last" } else { "first" };
        let budget = if pruned { BudgetOver::Pruned } else { BudgetOver::Total };
        let options = Options { budget, keep_dense: list.parse().unwrap(), ..common::table(density) };
        let request = Request { init, layers: &layers, density, block, mask_seed: 1, options: &options };
        let weights: u64 = layers.iter().map(Layer::weights).sum();
        let kept = if last { layers.len() - 1 } else { 0 };
        let over = if pruned { weights - layers[kept].weights() } else { weights };
        let Ok(drawn) = draw_any(&request) else { return Ok(()) };
        prop_assert!(drawn.patterns[kept].is_full());
        if init.name() != "file" {
            prop_assert_eq!(drawn.target, weights - over + if pruned { density.budget(over) } else { 0 }
                + if pruned { 0 } else { density.budget(weights) } - if pruned { 0 } else { weights - over });
        }
        prop_assert!(drawn.attained <= drawn.target);
        if block == SINGLE {
            prop_assert_eq!(drawn.attained, drawn.target);
        }
    }
}

#[test]
fn kept_layers_that_take_all_name_the_range_and_the_way_out() {
    let (layers, options) = (network(), keep("first,last"));
    let request = |density: f64, options| Request {
        init: &init::Erk,
        layers: &layers,
        density: self::density(density),
        block: SINGLE,
        mask_seed: 1,
        options,
    };
    let error = draw_any(&request(0.1, &options)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "density 0.1 keeps 315 of 3152 weights, but --keep-dense takes 592; the feasible range is 0.189 to 1, or give \
         --budget pruned"
    );
    draw_any(&request(0.189, &options)).unwrap();
    let pruned = Options { budget: BudgetOver::Pruned, ..options.clone() };
    assert_eq!(draw_any(&request(0.1, &pruned)).unwrap().attained, 592 + 256);
}

#[test]
fn published_draws_follow_the_densities_and_the_seed() {
    let layers = [Layer::conv("conv", 64, 64, 3, 3), Layer::linear("fc", 10, 64)];
    let options = Options { mask_sampling: MaskSampling::Bernoulli, ..Options::default() };
    let draw = |mask_seed| {
        let density = density(0.1);
        draw_any(&Request {
            init: &init::Uniform,
            layers: &layers,
            density,
            block: SINGLE,
            mask_seed,
            options: &options,
        })
        .unwrap()
    };
    let counts: Vec<u64> = (0..50).map(|seed| draw(seed).attained).collect();
    let mean = counts.iter().sum::<u64>() as f64 / 50.0;
    // Expected 3750, standard deviation of one draw 58, of the mean 8.
    assert!((mean - 3750.4).abs() < 40.0, "{mean}");
    assert!(counts.iter().any(|count| *count != counts[0]));
    assert_eq!(draw(3), draw(3));
    let thin = [Layer::linear("a", 100, 100), Layer::linear("b", 1, 2)];
    let request = Request {
        init: &init::Uniform,
        layers: &thin,
        density: density(0.01),
        block: SINGLE,
        mask_seed: 1,
        options: &options,
    };
    assert_eq!(draw_any(&request), Err(SparsityError::EmptyDraw { layer: "b".into() }));
}

#[test]
fn balanced_keeps_as_many_weights_everywhere() {
    let layers = [Layer::linear("a", 10, 10), Layer::linear("b", 20, 20), Layer::linear("c", 100, 10)];
    let none = Options::none();
    assert_eq!(densities(&init::Balanced, &layers, 0.1, none), [0.5, 0.125, 0.05]);
    // 100 + 325 + 325 of 1500.
    assert_eq!(densities(&init::Balanced, &layers, 0.5, none), [1.0, 0.8125, 0.325]);
    assert_eq!(densities(&init::Balanced, &layers, 1.0, none), [1.0; 3]);
}

#[test]
fn pyramidal_has_powers_of_one_number() {
    let layers = [Layer::linear("a", 10, 10), Layer::linear("b", 10, 10), Layer::linear("c", 10, 10)];
    let found = densities(&init::Pyramidal, &layers, (0.5 + 0.25 + 0.125) / 3.0, Options::none());
    for (found, expected) in found.iter().zip([0.5, 0.25, 0.125]) {
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }
    assert_eq!(densities(&init::Pyramidal, &layers, 1.0, Options::none()), [1.0; 3]);
}

#[test]
fn the_power_of_erk_goes_from_uniform_to_published_and_beyond() {
    let at = |erk_power| densities(&init::Erk, &network(), 0.1, &Options { erk_power, ..Options::default() });
    assert!(at(0.0).iter().all(|density| (density - 0.1).abs() < 1e-12));
    assert_eq!(at(1.0), densities(&init::Erk, &network(), 0.1, Options::none()));
    let spread = |densities: Vec<f64>| densities[3] / densities[1];
    assert!(spread(at(0.5)) > 1.0 && spread(at(1.0)) > spread(at(0.5)));
}

#[test]
fn erk_plus_has_a_range_on_both_sides() {
    let range = |fc_density: f64, value: f64| {
        let options = Options { fc_density: density(fc_density), ..Options::default() };
        let (layers, value) = (network(), density(value));
        let problem = Problem::new(&layers, value).unwrap().with(&options);
        init::ErkPlus.densities(&problem).map_err(|error| match error {
            SparsityError::Infeasible { layer, smallest, largest, .. } => (layer, smallest, largest),
            other => panic!("{other}"),
        })
    };
    assert_eq!(range(1.0, 0.05).unwrap_err(), ("fc".to_owned(), 0.0518, 1.0));
    assert_eq!(range(0.5, 0.999).unwrap_err(), ("fc".to_owned(), 0.0264, 1.0 - 80.0 / 3152.0));
    assert_eq!(range(0.5, 0.9).unwrap()[3], 0.5);
}

#[test]
fn a_file_decides_the_density_and_must_name_every_layer() {
    let layers = network();
    let draw = |table: &[(&str, f64)]| {
        let layer_densities = table.iter().map(|(name, density)| ((*name).to_owned(), *density)).collect();
        let options = Options { layer_densities, ..Options::default() };
        let density = Density::new(0.9).unwrap();
        draw_any(&Request {
            init: &init::File,
            layers: &layers,
            density,
            block: SINGLE,
            mask_seed: 1,
            options: &options,
        })
    };
    let drawn = draw(&[("*", 0.25), ("fc", 1.0), ("conv", 0.5)]).unwrap();
    let nnz: Vec<u64> = drawn.layers.iter().map(|layer| layer.nnz).collect();
    assert_eq!(nnz, [216, 576, 64, 160]);
    assert_eq!(draw(&[("fc", 0.5)]), Err(SparsityError::NoDensity { layer: "conv".into() }));
    assert!(matches!(
        draw(&[("*", 0.5), ("fcc", 0.5)]),
        Err(SparsityError::NoSuchLayer { suggestion: Some(_), .. })
    ));
    assert!(matches!(draw(&[("*", 0.0)]), Err(SparsityError::LayerDensity { .. })));
}
