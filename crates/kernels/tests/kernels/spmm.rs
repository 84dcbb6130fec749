//! Sparse matrix times shifted planes.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Ahead, Buffer, Epilogue, Grid, Isa, MAX_LANES, TILE_WIDTH, Write, naive, tile_vectors};
use std::collections::BTreeSet;

/// All epilogues of one layer against the twin.
fn check(isa: Isa, layer: &Layer, numbers: &mut Numbers) {
    let mask = numbers.mask(isa.lanes());
    let per_output = numbers.list(layer.size.channels);
    check_store(isa, layer);
    check_bias(isa, layer, &mask, &per_output);
    check_moments(isa, layer, &mask, &per_output, numbers);
}

fn run(isa: Isa, layer: &Layer, epilogue: Epilogue<'_>) -> Planes {
    let mut out = layer.canaries();
    let (grid, Size { rows, columns, .. }) = (out.grid, out.size);
    spmm(isa, layer.taps(), &layer.input, layer.input_row, out.view_mut(), grid, rows, columns, epilogue);
    out.assert_guarded();
    out
}

fn compare(isa: Isa, found: &Planes, expected: &[f64], magnitude: &[f64], roundings: usize) {
    let found = found.numbers();
    assert_eq!((found.len(), found.len()), (expected.len(), magnitude.len()));
    for ((found, &expected), magnitude) in found.into_iter().zip(expected).zip(magnitude) {
        near(found, expected, gamma(roundings) * magnitude, isa.name());
    }
}

fn check_store(isa: Isa, layer: &Layer) {
    let out = run(isa, layer, Epilogue::Store);
    let Size { rows, columns, .. } = layer.size;
    let twin = |layer: &Layer| naive::spmm(layer.taps(), &layer.input, layer.input_row, rows, columns);
    compare(isa, &out, &twin(layer), &twin(&layer.magnitude()), layer.longest());
}

fn check_bias(isa: Isa, layer: &Layer, mask: &[f32], bias: &[f32]) {
    let out = run(isa, layer, Epilogue::Bias { bias, mask });
    let Size { rows, columns, .. } = layer.size;
    let twin = |layer: &Layer, bias: &[f32]| {
        naive::spmm_bias(layer.taps(), &layer.input, layer.input_row, bias, mask, rows, columns)
    };
    let magnitude = twin(&layer.magnitude(), &magnitudes(bias));
    compare(isa, &out, &twin(layer, bias), &magnitude, layer.longest() + 1);
}

fn check_moments(isa: Isa, layer: &Layer, mask: &[f32], shift: &[f32], numbers: &mut Numbers) {
    let Size { channels, rows, columns, .. } = layer.size;
    let before = numbers.list(channels * 2 * MAX_LANES);
    let mut sums = before.clone();
    let out = run(isa, layer, Epilogue::Moments { mask, shift, sums: &mut sums });
    let twin =
        |layer: &Layer| naive::spmm_masked(layer.taps(), &layer.input, layer.input_row, mask, rows, columns);
    compare(isa, &out, &twin(layer), &twin(&layer.magnitude()), layer.longest());
    crate::sums::compare_lane_sums(isa, &before, &sums, &out, mask, shift);
}

#[test]
fn every_register_tile_agrees_with_its_twin() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let most = tile_vectors(isa.registers(), unit);
            let mut ran = BTreeSet::new();
            for vectors in (1..=TILE_WIDTH + 3).chain([2 * TILE_WIDTH + 1]) {
                for rows in 1..=7 {
                    // In one block and, with sums that are taken up again, in two.
                    let shape =
                        Shape { blocks: 1 + (rows + vectors) % 2, ..Shape::full(unit, 2, rows, vectors) };
                    check(isa, &Layer::new(shape, isa.lanes()), &mut Numbers::new(7));
                    ran.extend(tiles(most, rows, vectors));
                }
            }
            assert_eq!(ran, all_tiles(most), "register tiles of {unit} outputs that ran on {}", isa.name());
        }
    }
}

#[test]
fn register_tiles_fill_the_registers_and_fit() {
    for registers in [16, 32] {
        for unit in [1, 2, 4] {
            // The sums, and at least a vector of the input and one of weights.
            let sums = unit * tile_vectors(registers, unit);
            assert!(sums + 2 <= registers && sums >= registers / 2, "{unit} outputs in {registers}");
        }
    }
}

/// Rows that start `offset` numbers into a cache line, and how they are written.
fn written(isa: Isa, layer: &Layer, offset: usize, write: Write) -> (Vec<u32>, Vec<u32>) {
    let Size { channels, rows, columns, .. } = layer.size;
    let grid = Grid { plane: rows * columns, row: columns };
    let mut numbers = Numbers::new(3);
    let (mask, shift) = (numbers.mask(isa.lanes()), numbers.list(channels));
    let mut sums = vec![0.0; channels * 2 * MAX_LANES];
    let mut out = Buffer::zeros(offset + channels * rows * columns).unwrap();
    let epilogue = Epilogue::Moments { mask: &mask, shift: &shift, sums: &mut sums };
    let (out_here, input) = (&mut out[offset..], &layer.input);
    let (row, ahead) = (layer.input_row, Ahead::default());
    let taps = layer.taps();
    rarefy_kernels::spmm(
        isa,
        taps,
        input,
        row,
        out_here,
        grid,
        rows,
        columns,
        epilogue,
        write,
        &mut partial(),
        ahead,
    );
    let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect();
    (bits(&out[offset..]), bits(&sums))
}

#[test]
fn the_same_bits_are_written_past_the_caches_as_through_them() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let layer = Layer::new(Shape { blocks: 2, ..Shape::full(unit, 2, 5, 3) }, isa.lanes());
            // On a line, on a vector within one, on neither.
            for offset in [0, isa.lanes(), 1] {
                let [cached, streamed] =
                    [Write::Cached, Write::Streamed].map(|write| written(isa, &layer, offset, write));
                assert_eq!(cached, streamed, "{} at {offset}", isa.name());
            }
        }
    }
}

#[test]
fn every_density_agrees_with_its_twin() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            for density in Density::ALL {
                let shape = Shape { groups: 3, blocks: 2, density, ..Shape::full(unit, 2, 3, 3) };
                let layer = Layer::new(shape, isa.lanes());
                let empty = layer.starts.windows(2).filter(|range| range[0] == range[1]).count();
                match density {
                    Density::Zero => assert_eq!(empty, 6),
                    Density::OneTap => assert_eq!((empty, layer.offsets.len()), (5, 1)),
                    Density::Half => assert!((14..=40).contains(&layer.offsets.len())),
                    Density::EmptyGroup => assert_eq!((empty, layer.offsets.len()), (2, 36)),
                    Density::EmptyBlock => assert_eq!((empty, layer.offsets.len()), (3, 27)),
                    Density::Full => assert_eq!((empty, layer.offsets.len()), (0, 54)),
                }
                check(isa, &layer, &mut Numbers::new(8));
            }
        }
    }
}

#[test]
fn an_empty_group_writes_zeros_and_its_bias() {
    for isa in isas() {
        for blocks in [1, 2, 3] {
            let shape = Shape { groups: 1, blocks, density: Density::Zero, ..Shape::full(2, 1, 3, 2) };
            let layer = Layer::new(shape, isa.lanes());
            assert!(run(isa, &layer, Epilogue::Store).numbers().iter().all(|&x| x == 0.0));
            let mask = vec![1.0; isa.lanes()];
            let out = run(isa, &layer, Epilogue::Bias { bias: &[3.0, -4.0], mask: &mask }).numbers();
            let (first, second) = out.split_at(out.len() / 2);
            assert!(first.iter().all(|&x| x == 3.0) && second.iter().all(|&x| x == -4.0));
        }
    }
}

#[test]
fn no_rows_or_columns_or_groups_write_nothing() {
    for isa in isas() {
        let layer = Layer::new(Shape::full(2, 1, 3, 2), isa.lanes());
        let Size { rows, columns, .. } = layer.size;
        for (rows, columns) in [(0, columns), (rows, 0), (0, 0)] {
            let mut out = layer.canaries();
            let (grid, mut sums) = (out.grid, vec![0.5; layer.size.channels * 2 * MAX_LANES]);
            let (mask, shift) = (vec![1.0; isa.lanes()], vec![0.0; layer.size.channels]);
            let epilogue = Epilogue::Moments { mask: &mask, shift: &shift, sums: &mut sums };
            spmm(
                isa,
                layer.taps(),
                &layer.input,
                layer.input_row,
                out.view_mut(),
                grid,
                rows,
                columns,
                epilogue,
            );
            out.assert_untouched();
            assert!(sums.iter().all(|&sum| sum == 0.5));
        }
        let taps =
            rarefy_kernels::Taps { groups: 0, starts: &[0], offsets: &[], values: &[], ..layer.taps() };
        let mut out = layer.canaries();
        let grid = out.grid;
        spmm(isa, taps, &[], layer.input_row, out.view_mut(), grid, rows, columns, Epilogue::Store);
        out.assert_untouched();
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn any_layer_agrees_with_its_twin(shape in layer(6, 10)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            check(isa, &layer, &mut Numbers::new(shape.seed ^ 1));
        }
    }

    #[test]
    fn nan_and_infinity_reach_just_what_reads_them(shape in layer(5, 5), poison in 0..3usize) {
        for isa in isas() {
            let mut layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 2);
            layer.poison(&mut numbers, POISONS[poison]);
            check(isa, &layer, &mut numbers);
        }
    }
}
