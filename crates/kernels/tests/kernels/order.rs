//! The same bits: twice, in pieces, in any tiles, over chunks in order.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{
    Ahead, Epilogue, Gate, Isa, MAX_LANES, NormTerm, TILE_WIDTH, Taps, finish_gradient, plane_sums,
    row_moments, sddmm, tile_vectors,
};
use std::ops::Range;

/// The parts between neighbouring `ends`.
fn pieces(ends: &[usize]) -> impl Iterator<Item = Range<usize>> {
    ends.windows(2).map(|ends| ends[0]..ends[1])
}

/// Output and lane sums of a part of the rows and columns.
fn moments_of(
    isa: Isa,
    layer: &Layer,
    (y, x): (Range<usize>, Range<usize>),
    mask: &[f32],
    sums: &mut [f32],
    out: &mut Planes,
) {
    let (grid, shift) = (out.grid, vec![0.25; layer.size.channels]);
    let epilogue = Epilogue::Moments { mask, shift: &shift, sums };
    // Nothing is read of no rows or columns: their place may be beyond the end.
    let from = (y.start * layer.input_row + x.start).min(layer.input.len());
    let to = (grid.at(0, y.start) + x.start).min(out.view().len());
    let (input, out) = (&layer.input[from..], &mut out.view_mut()[to..]);
    spmm(isa, layer.taps(), input, layer.input_row, out, grid, y.len(), x.len(), epilogue);
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn spmm_in_pieces_gives_the_bits_of_one_call(shape in layer(8, 12), cut in (0..=8usize, 0..=12usize)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 3);
            let (mask, Size { rows, columns, .. }) = (numbers.mask(isa.lanes()), layer.size);
            let sums = numbers.list(layer.size.channels * 2 * MAX_LANES);
            let run = |ys: &[usize], xs: &[usize]| {
                let (mut out, mut sums) = (layer.canaries(), sums.clone());
                for y in pieces(ys) {
                    for x in pieces(xs) {
                        moments_of(isa, &layer, (y.clone(), x), &mask, &mut sums, &mut out);
                    }
                }
                out.assert_guarded();
                (out.numbers(), sums)
            };
            let (y, x) = (cut.0.min(rows), (cut.1 * isa.lanes()).min(columns));
            let (whole, whole_sums) = run(&[0, rows], &[0, columns]);
            let (parts, parts_sums) = run(&[0, y, rows], &[0, columns]);
            same_bits(&whole, &parts, (isa.name(), "rows in pieces"));
            same_bits(&whole, &run(&[0, y, rows], &[0, x, columns]).0, (isa.name(), "rows and columns in pieces"));
            // Lane sums go tile by tile: row after row where a tile is as wide as the planes.
            if shape.vectors <= tile_vectors(isa.registers(), layer.unit).min(TILE_WIDTH) {
                same_bits(&whole_sums, &parts_sums, (isa.name(), "lane sums"));
            }
            let again = run(&[0, rows], &[0, columns]);
            same_bits(&whole_sums, &again.1, (isa.name(), "lane sums, twice"));
        }
    }

    /// Groups of other heights have other register tiles. (Weight gradients are summed tile by tile.)
    #[test]
    fn outputs_in_groups_or_one_by_one_have_the_same_bits(shape in layer(7, 9)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let unit = layer.unit;
            let mut apart = Layer { unit: 1, groups: layer.size.channels, ..layer.clone() };
            (apart.starts, apart.offsets, apart.values) = (vec![0], vec![], vec![]);
            for range in layer.starts.windows(2) {
                for r in 0..unit {
                    for tap in range[0] as usize..range[1] as usize {
                        apart.offsets.push(layer.offsets[tap]);
                        apart.values.push(layer.values[tap * unit + r]);
                    }
                    apart.starts.push(apart.offsets.len() as u32);
                }
            }
            let product = |layer: &Layer| {
                let mut out = layer.canaries();
                let (grid, Size { rows, columns, .. }) = (out.grid, out.size);
                let (input, row) = (&layer.input, layer.input_row);
                spmm(isa, layer.taps(), input, row, out.view_mut(), grid, rows, columns, Epilogue::Store);
                out.numbers()
            };
            same_bits(&product(&layer), &product(&apart), (isa.name(), "spmm"));
        }
    }

    /// A weight's sum does not depend on the taps that share its set, or on the blocks.
    #[test]
    fn a_weight_gradient_has_the_same_bits_in_any_set(shape in layer(9, 12), keep in 1..=3usize) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let size = layer.unit * isa.lanes();
            let gradient = layer.gradient(&mut Numbers::new(shape.seed ^ 4));
            let whole = weights(isa, &layer, &gradient);
            same_bits(&whole, &weights(isa, &layer, &gradient), (isa.name(), "twice"));
            let kept = |tap: usize| tap % (keep + 1) < keep;
            let mut some = layer.clone();
            let taps = (0..layer.offsets.len()).filter(|&tap| kept(tap));
            some.offsets = taps.clone().map(|tap| layer.offsets[tap]).collect();
            let count = |end: &u32| (0..*end as usize).filter(|&tap| kept(tap)).count() as u32;
            some.starts = layer.starts.iter().map(count).collect();
            let found = weights(isa, &some, &gradient);
            prop_assert_eq!(found.len(), taps.clone().count() * size);
            for (found, tap) in found.chunks_exact(size).zip(taps) {
                same_bits(&whole[tap * size..][..size], found, (isa.name(), tap));
            }
        }
    }

    #[test]
    fn lane_sums_of_rows_in_pieces_are_those_of_one_call(
        rows in 1..=9usize, vectors in 1..=9usize, cut in 0..=9usize, seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, size) = (Numbers::new(seed), Size::new(2, rows, vectors, isa.lanes()));
            let gaps = numbers.gaps();
            let planes = Planes::random(&mut numbers, size, gaps);
            let (mask, shift) = (numbers.mask(isa.lanes()), numbers.list(2));
            let run = |ends: &[usize]| {
                let mut sums = vec![0.0; 2 * 2 * MAX_LANES];
                for range in pieces(ends).filter(|range| !range.is_empty()) {
                    let x = &planes.view()[planes.grid.at(0, range.start)..];
                    row_moments(isa, x, planes.grid, range.len(), size.columns, &mask, &shift, &mut sums);
                }
                sums
            };
            same_bits(&run(&[0, rows]), &run(&[0, cut.min(rows), rows]), isa.name());
        }
    }

    #[test]
    fn sums_are_the_same_bits_twice(
        channels in 1..=3usize, rows in 0..=5usize, vectors in 0..=9usize, step in 1..=3usize, seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, size) = (Numbers::new(seed), Size::new(channels, rows, vectors, isa.lanes()));
            let gaps = numbers.gaps();
            let planes = Planes::random(&mut numbers, size.every(step), gaps);
            let (mask, means, columns) = (numbers.mask(isa.lanes()), numbers.list(channels), size.columns);
            let run = || {
                let (mut sums, mut own, mut products) = (vec![0.5; channels], vec![0.5; channels], vec![0.5; channels]);
                // With steps some of the numbers are canaries; these are the same ones twice, too.
                plane_sums(isa, planes.view(), planes.grid, rows, columns, &mut sums);
                let (mut g, grid) = (planes.clone(), planes.grid);
                let term = NormTerm { planes: planes.view(), mean: &means, sums: &mut products };
                let (g, gate, terms) = (g.view_mut(), Gate::Mask(&mask), &mut [term]);
                finish_gradient(isa, g, grid, step, true, None, &[], gate, terms, &mut own, &mut [0.0; 1 << 10], rows, columns);
                [sums, own, products].concat().into_iter().map(f64::to_bits).collect::<Vec<_>>()
            };
            prop_assert_eq!(run(), run());
        }
    }
}

/// The accumulators of all weights.
fn weights(isa: Isa, layer: &Layer, gradient: &Planes) -> Vec<f32> {
    let taps = Taps { values: &[], ..layer.taps() };
    let Size { rows, columns, lanes, .. } = layer.size;
    let mut sums = vec![0.0; layer.offsets.len() * layer.unit * lanes];
    let (input, row) = (&layer.input, layer.input_row);
    sddmm(isa, taps, gradient.view(), gradient.grid, input, row, rows, columns, &mut sums, Ahead::default());
    sums
}
