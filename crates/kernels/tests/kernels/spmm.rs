//! Sparse matrix times shifted planes.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Epilogue, Isa, MAX_LANES, balanced, naive, spmm, tile_vectors};
use std::collections::BTreeSet;

/// All epilogues of one layer against the twin.
fn check(isa: Isa, layer: &Layer, numbers: &mut Numbers) {
    let mask = numbers.mask(layer.positions);
    let per_output = numbers.list(layer.outputs);
    check_store(isa, layer);
    check_bias(isa, layer, &mask, &per_output);
    check_moments(isa, layer, &mask, &per_output, numbers);
}

fn run(isa: Isa, layer: &Layer, epilogue: Epilogue<'_>) -> Planes {
    let mut out = Planes::canaries(layer.outputs, 0, layer.stride, layer.positions);
    spmm(isa, layer.taps(), &layer.input, &mut out.data, layer.stride, layer.positions, epilogue);
    out.assert_guarded();
    out
}

fn compare(isa: Isa, found: &Planes, expected: &[f64], magnitude: &[f64], roundings: usize) {
    for ((found, &expected), magnitude) in found.numbers().into_iter().zip(expected).zip(magnitude) {
        near(found, expected, gamma(roundings) * magnitude, isa.name());
    }
}

fn check_store(isa: Isa, layer: &Layer) {
    let out = run(isa, layer, Epilogue::Store);
    let twin = |layer: &Layer| naive::spmm(layer.taps(), &layer.input, layer.outputs, layer.positions);
    compare(isa, &out, &twin(layer), &twin(&layer.magnitude()), layer.longest());
}

fn check_bias(isa: Isa, layer: &Layer, mask: &[f32], bias: &[f32]) {
    let out = run(isa, layer, Epilogue::Bias { bias, mask });
    let twin = |layer: &Layer, bias: &[f32]| {
        naive::spmm_bias(layer.taps(), &layer.input, bias, mask, layer.positions)
    };
    let magnitude = twin(&layer.magnitude(), &magnitudes(bias));
    compare(isa, &out, &twin(layer, bias), &magnitude, layer.longest() + 1);
}

fn check_moments(isa: Isa, layer: &Layer, mask: &[f32], shift: &[f32], numbers: &mut Numbers) {
    let before = numbers.list(layer.outputs * 2 * MAX_LANES);
    let mut sums = before.clone();
    let out = run(isa, layer, Epilogue::Moments { mask, shift, sums: &mut sums });
    let twin =
        |layer: &Layer| naive::spmm_masked(layer.taps(), &layer.input, layer.outputs, mask, layer.positions);
    compare(isa, &out, &twin(layer), &twin(&layer.magnitude()), layer.longest());
    crate::sums::compare_lane_sums(isa, &before, &sums, &out, mask, shift);
}

#[test]
fn every_register_tile_agrees_with_its_twin() {
    for isa in isas() {
        for rows in [1, 2, 4] {
            let mut widths = BTreeSet::new();
            for vectors in (1..=25).chain([37]) {
                let shape = Shape {
                    rows,
                    groups: 2,
                    channels: 1,
                    pitch: 5,
                    vectors,
                    gap: vectors % 3,
                    density: Density::Full,
                    seed: vectors as u64,
                };
                let layer = Layer::new(shape, isa.lanes());
                check(isa, &layer, &mut Numbers::new(7));
                widths.extend(balanced(vectors, tile_vectors(rows)));
            }
            let all: BTreeSet<usize> = (1..=12 / rows).collect();
            assert_eq!(widths, all, "register tiles of {rows} rows that ran on {}", isa.name());
        }
    }
}

#[test]
fn every_density_agrees_with_its_twin() {
    for isa in isas() {
        for rows in [1, 2, 4] {
            for density in Density::ALL {
                let shape =
                    Shape { rows, groups: 3, channels: 2, pitch: 4, vectors: 3, gap: 3, density, seed: 3 };
                let layer = Layer::new(shape, isa.lanes());
                let empty = layer.starts.windows(2).filter(|range| range[0] == range[1]).count();
                match density {
                    Density::Zero => assert_eq!(empty, 3),
                    Density::OneTap => assert_eq!((empty, layer.offsets.len()), (2, 1)),
                    Density::Half => assert!((14..=40).contains(&layer.offsets.len())),
                    Density::EmptyGroup => assert_eq!((empty, layer.offsets.len()), (1, 36)),
                    Density::Full => assert_eq!(layer.offsets.len(), 54),
                }
                check(isa, &layer, &mut Numbers::new(8));
            }
        }
    }
}

#[test]
fn an_empty_group_writes_zeros_and_its_bias() {
    for isa in isas() {
        let shape = Shape {
            rows: 2,
            groups: 1,
            channels: 1,
            pitch: 3,
            vectors: 2,
            gap: 0,
            density: Density::Zero,
            seed: 0,
        };
        let layer = Layer::new(shape, isa.lanes());
        assert!(run(isa, &layer, Epilogue::Store).numbers().iter().all(|&x| x == 0.0));
        let mask = vec![1.0; layer.positions];
        let out = run(isa, &layer, Epilogue::Bias { bias: &[3.0, -4.0], mask: &mask });
        assert!(out.plane(0).iter().all(|&x| x == 3.0) && out.plane(1).iter().all(|&x| x == -4.0));
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_layer_agrees_with_its_twin(shape in layer(30)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            check(isa, &layer, &mut Numbers::new(shape.seed ^ 1));
        }
    }

    #[test]
    fn nan_and_infinity_reach_just_what_reads_them(shape in layer(14), poison in 0..3usize) {
        for isa in isas() {
            let mut layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 2);
            let Some(&offset) = layer.offsets.get(numbers.below(layer.offsets.len())) else { continue };
            layer.input[offset as usize + numbers.below(layer.positions)] = POISONS[poison];
            check(isa, &layer, &mut numbers);
        }
    }
}
