//! Sampled dense-dense product.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Ahead, Isa, TILE_WIDTH, Taps, balanced, gradient_vectors, naive, sddmm, tile_taps};
use std::collections::BTreeSet;

/// Numbers of an accumulator array that must stay as they are.
const TAIL: usize = 3;

fn check(isa: Isa, layer: &Layer, gradient: &Planes, numbers: &mut Numbers) {
    // Values are documented as unread: there are none.
    let taps = Taps { values: &[], ..layer.taps() };
    let (row, grid, Size { rows, columns, lanes, .. }) = (layer.input_row, gradient.grid, layer.size);
    let weights = layer.offsets.len() * layer.unit;
    let before = numbers.list(weights * lanes + TAIL);
    let mut after = before.clone();
    sddmm(isa, taps, gradient.view(), grid, &layer.input, row, rows, columns, &mut after, Ahead::default());
    let twin = naive::sddmm(taps, gradient.view(), grid, &layer.input, row, rows, columns);
    let (gradient, input) = (gradient.magnitude(), layer.magnitude().input);
    let magnitude = naive::sddmm(taps, gradient.view(), grid, &input, row, rows, columns);
    // One product and sum a vector, in patches whose sums are added.
    let roundings = rows * columns / lanes + 1;
    for weight in 0..weights {
        let own = |x: &[f32]| -> Vec<f32> { x[weight * lanes..][..lanes].to_vec() };
        let total = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>();
        let (before, after) = (own(&before), own(&after));
        let tolerance = gamma(roundings) * (magnitude[weight] + total(&magnitudes(&before)));
        near(total(&after), total(&before) + twin[weight], tolerance, (isa.name(), "weight", weight));
    }
    same_bits(&before[weights * lanes..], &after[weights * lanes..], "beyond the accumulators");
}

#[test]
fn every_set_of_taps_agrees_with_its_twin() {
    for isa in isas() {
        let most = tile_taps(isa.registers());
        let mut sets = BTreeSet::new();
        for taps in 0..=27 {
            let mut layer = Layer::new(Shape::full(4, 3, 1 + taps % 5, 1 + taps % 7), isa.lanes());
            let (mut numbers, second) = (Numbers::new(5), 27);
            // Two groups of `taps` taps each, of the 27 that there are.
            layer.offsets = [&layer.offsets[..taps], &layer.offsets[second..second + taps]].concat();
            layer.starts = vec![0, taps as u32, 2 * taps as u32];
            layer.fill(&mut numbers);
            let gradient = layer.gradient(&mut numbers);
            check(isa, &layer, &gradient, &mut numbers);
            sets.extend(balanced(taps, most));
        }
        assert_eq!(sets, (1..=most).collect(), "sets of taps that ran on {}", isa.name());
    }
}

#[test]
fn every_tile_of_the_gradient_agrees_with_its_twin() {
    for isa in isas() {
        for unit in [1, 2] {
            let most = gradient_vectors(isa.registers(), unit);
            let mut ran = BTreeSet::new();
            for vectors in (1..=TILE_WIDTH + 3).chain([2 * TILE_WIDTH + 1]) {
                for rows in 1..=7 {
                    let shape =
                        Shape { blocks: 1 + (rows + vectors) % 2, ..Shape::full(unit, 2, rows, vectors) };
                    let (layer, mut numbers) = (Layer::new(shape, isa.lanes()), Numbers::new(5));
                    let gradient = layer.gradient(&mut numbers);
                    check(isa, &layer, &gradient, &mut numbers);
                    ran.extend(tiles(most, rows, vectors));
                }
            }
            assert_eq!(ran, all_tiles(most), "tiles of {unit} gradients that ran on {}", isa.name());
        }
    }
}

#[test]
fn sums_and_gradients_fit_the_registers() {
    for registers in [16, 32] {
        // One of the input, and the sums and the gradient's vectors.
        let fits = |others: usize| assert!(others < registers, "{others} and one in {registers}");
        fits(4 * tile_taps(registers) + 4);
        for unit in [1, 2] {
            fits(2 * unit + unit * gradient_vectors(registers, unit));
        }
    }
}

/// Planes of more than a patch: several rows of patches, several columns, and ragged ones.
#[test]
fn every_patch_of_large_planes_is_counted_once() {
    for isa in isas() {
        for (rows, vectors) in [(1, 40), (40, 1), (17, 8), (9, 9), (5, 17), (33, 3)] {
            let layer = Layer::new(Shape::full(2, 1, rows, vectors), isa.lanes());
            let mut numbers = Numbers::new(6);
            let gradient = layer.gradient(&mut numbers);
            check(isa, &layer, &gradient, &mut numbers);
        }
    }
}

#[test]
fn no_rows_or_columns_add_nothing() {
    for isa in isas() {
        let layer = Layer::new(Shape::full(2, 1, 3, 2), isa.lanes());
        let (gradient, Size { rows, columns, .. }) = (layer.gradient(&mut Numbers::new(9)), layer.size);
        for (rows, columns) in [(0, columns), (rows, 0), (0, 0)] {
            let mut sums = vec![0.5; layer.values.len() * isa.lanes()];
            let (grid, row) = (gradient.grid, layer.input_row);
            sddmm(
                isa,
                layer.taps(),
                gradient.view(),
                grid,
                &layer.input,
                row,
                rows,
                columns,
                &mut sums,
                Ahead::default(),
            );
            assert!(sums.iter().all(|&sum| sum == 0.5));
        }
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn any_layer_agrees_with_its_twin(shape in layer(9, 12)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 1);
            let gradient = layer.gradient(&mut numbers);
            check(isa, &layer, &gradient, &mut numbers);
        }
    }

    #[test]
    fn nan_and_infinity_reach_just_what_reads_them(shape in layer(5, 4), poison in 0..3usize, in_input: bool) {
        for isa in isas() {
            let mut layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 2);
            let mut gradient = layer.gradient(&mut numbers);
            match in_input {
                true => layer.poison(&mut numbers, POISONS[poison]),
                false => gradient.poison(&mut numbers, POISONS[poison]),
            }
            check(isa, &layer, &gradient, &mut numbers);
        }
    }
}
