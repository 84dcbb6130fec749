//! The same bits: twice, in pieces, in any strips, over chunks in order.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{
    Ahead, Epilogue, Gate, Isa, MAX_LANES, NormTerm, finish_gradient, plane_sums, reduce_accumulators,
    row_moments, sddmm, spmm, spmm_ahead,
};
use std::ops::Range;

/// The positions between neighbouring `ends`.
fn pieces(ends: &[usize]) -> impl Iterator<Item = Range<usize>> {
    ends.windows(2).map(|ends| ends[0]..ends[1])
}

/// Output and lane sums of the positions `range`.
fn moments_of(isa: Isa, layer: &Layer, range: Range<usize>, mask: &[f32], sums: &mut [f32], out: &mut [f32]) {
    let shift = vec![0.25; layer.outputs];
    let epilogue = Epilogue::Moments { mask: &mask[range.clone()], shift: &shift, sums };
    let (input, out) = (&layer.input[range.start..], &mut out[range.start..]);
    spmm(isa, layer.taps(), input, out, layer.stride, range.len(), epilogue);
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn spmm_in_pieces_gives_the_bits_of_one_call(shape in layer(30), cut in 0..=30usize) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 3);
            let (mask, n, cut) = (numbers.mask(layer.positions), layer.positions, cut.min(shape.vectors) * isa.lanes());
            let out = Planes::canaries(layer.outputs, 0, layer.stride, n).data;
            let sums = numbers.list(layer.outputs * 2 * MAX_LANES);
            let (mut whole, mut whole_sums) = (out.clone(), sums.clone());
            moments_of(isa, &layer, 0..n, &mask, &mut whole_sums, &mut whole);
            let (mut parts, mut parts_sums) = (out, sums);
            for range in pieces(&[0, cut, n]) {
                moments_of(isa, &layer, range, &mask, &mut parts_sums, &mut parts);
            }
            same_bits(&whole, &parts, isa.name());
            same_bits(&whole_sums, &parts_sums, isa.name());
        }
    }

    #[test]
    fn looking_ahead_changes_nothing(shape in layer(14), lens in proptest::array::uniform6(0..=200usize)) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let next = vec![f32::from_bits(CANARY); 200];
            let ahead = Ahead { slices: lens.map(|len| &next[..len]) };
            let run = |ahead: Ahead<'_>| {
                let mut out = Planes::canaries(layer.outputs, 0, layer.stride, layer.positions);
                let (input, n) = (&layer.input, layer.positions);
                spmm_ahead(isa, layer.taps(), input, &mut out.data, layer.stride, n, Epilogue::Store, ahead);
                out.assert_guarded();
                out.data
            };
            same_bits(&run(ahead), &run(Ahead::default()), isa.name());
        }
    }

    #[test]
    fn sddmm_in_strips_and_pieces_gives_the_bits_of_one_call(shape in layer(30), cut in 0..=30usize, strip in 0..=12usize) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 4);
            let gradient = Planes::random(&mut numbers, layer.outputs, 0, layer.stride, layer.positions);
            let (n, cut) = (layer.positions, cut.min(shape.vectors) * isa.lanes());
            let run = |ends: &[usize], strip: usize| {
                let mut accumulators = vec![0.0; layer.values.len() * isa.lanes()];
                for range in pieces(ends) {
                    let (gradient, input) = (&gradient.data[range.start..], &layer.input[range.start..]);
                    sddmm(isa, layer.taps(), gradient, layer.stride, input, range.len(), strip, &mut accumulators);
                }
                accumulators
            };
            let whole = run(&[0, n], usize::MAX);
            same_bits(&whole, &run(&[0, n], usize::MAX), "twice");
            same_bits(&whole, &run(&[0, n], strip), "in strips");
            same_bits(&whole, &run(&[0, cut, n], strip), "in pieces");
        }
    }

    #[test]
    fn lane_sums_in_pieces_are_those_of_one_call(vectors in 1..=30usize, cut in 0..=30usize, seed: u64) {
        for isa in isas() {
            let (mut numbers, n) = (Numbers::new(seed), vectors * isa.lanes());
            let planes = Planes::random(&mut numbers, 2, 0, n + 5, n);
            let (mask, shift) = (numbers.mask(n), numbers.list(2));
            let run = |ends: &[usize]| {
                let mut sums = vec![0.0; 2 * 2 * MAX_LANES];
                for range in pieces(ends) {
                    let (x, mask) = (&planes.data[range.start..], &mask[range.clone()]);
                    row_moments(isa, x, n + 5, range.len(), mask, &shift, &mut sums);
                }
                sums
            };
            let cut = cut.min(vectors) * isa.lanes();
            let (whole, parts) = (run(&[0, n]), run(&[0, cut, n]));
            same_bits(&whole, &parts, isa.name());
        }
    }

    #[test]
    fn sums_are_the_same_bits_twice(channels in 1..=3usize, vectors in 0..=20usize, seed: u64) {
        for isa in isas() {
            let (mut numbers, n) = (Numbers::new(seed), vectors * isa.lanes());
            let planes = Planes::random(&mut numbers, channels, 0, n, n);
            let (mask, means) = (numbers.mask(n), numbers.list(channels));
            let run = || {
                let (mut sums, mut own, mut products) = (vec![0.5; channels], vec![0.5; channels], vec![0.5; channels]);
                plane_sums(isa, &planes.data, n, n, &mut sums);
                let mut g = planes.data.clone();
                let term = NormTerm { planes: &planes.data, mean: &means, sums: &mut products };
                finish_gradient(isa, &mut g, true, None, &[], Gate::Mask(&mask), &mut [term], &mut own, n, n);
                [sums, own, products].concat().into_iter().map(f64::to_bits).collect::<Vec<_>>()
            };
            prop_assert_eq!(run(), run());
        }
    }

    /// Floating-point addition is not associative: another order of chunks shows in the last bits.
    #[test]
    fn chunks_are_summed_first_to_last(weights in 1..=9usize, chunks in 1..=17usize, seed: u64) {
        for isa in isas() {
            let size = weights * isa.lanes();
            let accumulators = Numbers::new(seed).list(chunks * size);
            let mut in_order = vec![0.0_f32; size];
            for chunk in accumulators.chunks_exact(size) {
                in_order.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
            }
            let order: Vec<u32> = (0..weights as u32).collect();
            let (mut at_once, mut apart) = (vec![0.0; weights], vec![0.0; weights]);
            reduce_accumulators(isa, &accumulators, &order, &mut at_once);
            reduce_accumulators(isa, &in_order, &order, &mut apart);
            same_bits(&at_once, &apart, isa.name());
        }
    }
}
