//! Sampled dense-dense product.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Isa, Taps, balanced, naive, sddmm, tile_taps};
use std::collections::BTreeSet;

/// Numbers of an accumulator array that must stay as they are.
const TAIL: usize = 3;

fn check(isa: Isa, layer: &Layer, gradient: &Planes, strip: usize, numbers: &mut Numbers) {
    // Values are documented as unread: there are none.
    let taps = Taps { values: &[], ..layer.taps() };
    let weights = layer.offsets.len() * layer.rows;
    let before = numbers.list(weights * isa.lanes() + TAIL);
    let mut after = before.clone();
    let (stride, n) = (gradient.stride, layer.positions);
    sddmm(isa, taps, &gradient.data, stride, &layer.input, n, strip, &mut after);
    let twin = naive::sddmm(taps, &gradient.data, stride, &layer.input, n);
    let magnitude = naive::sddmm(taps, &magnitudes(&gradient.data), stride, &layer.magnitude().input, n);
    let (vectors, lanes) = (n / isa.lanes(), isa.lanes());
    for weight in 0..weights {
        let total = |x: &[f32]| x[weight * lanes..][..lanes].iter().map(|&x| f64::from(x)).sum::<f64>();
        let tolerance = gamma(vectors + 1) * (magnitude[weight] + total(&magnitudes(&before)));
        near(total(&after), total(&before) + twin[weight], tolerance, (isa.name(), "weight", weight));
    }
    same_bits(&before[weights * lanes..], &after[weights * lanes..], "beyond the accumulators");
}

fn gradient(layer: &Layer, numbers: &mut Numbers) -> Planes {
    Planes::random(numbers, layer.outputs, 0, layer.stride, layer.positions)
}

#[test]
fn every_set_of_taps_agrees_with_its_twin() {
    for isa in isas() {
        for rows in [1, 2, 4] {
            let mut sets = BTreeSet::new();
            for taps in 0..=27 {
                let shape = Shape {
                    rows,
                    groups: 2,
                    channels: 3,
                    pitch: 5,
                    vectors: 1 + taps % 7,
                    gap: taps % 4,
                    density: Density::Full,
                    seed: taps as u64,
                };
                let mut layer = Layer::new(shape, isa.lanes());
                let (mut numbers, second) = (Numbers::new(5), 27);
                // Two groups of `taps` taps each, of the 27 that there are.
                layer.offsets = [&layer.offsets[..taps], &layer.offsets[second..second + taps]].concat();
                layer.starts = vec![0, taps as u32, 2 * taps as u32];
                let gradient = gradient(&layer, &mut numbers);
                check(isa, &layer, &gradient, 1 + taps % 4, &mut numbers);
                sets.extend(balanced(taps, tile_taps(rows)));
            }
            let all: BTreeSet<usize> = (1..=tile_taps(rows)).collect();
            assert_eq!(sets, all, "sets of taps of {rows} rows that ran on {}", isa.name());
        }
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn any_layer_agrees_with_its_twin(shape in layer(40), strip in 0..=9usize) {
        for isa in isas() {
            let layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 1);
            let gradient = gradient(&layer, &mut numbers);
            check(isa, &layer, &gradient, strip, &mut numbers);
            check(isa, &layer, &gradient, usize::MAX, &mut numbers);
        }
    }

    #[test]
    fn nan_and_infinity_reach_just_what_reads_them(shape in layer(9), poison in 0..3usize, in_input: bool) {
        for isa in isas() {
            let mut layer = Layer::new(shape, isa.lanes());
            let mut numbers = Numbers::new(shape.seed ^ 2);
            let mut gradient = gradient(&layer, &mut numbers);
            let at = numbers.below(layer.positions);
            if !in_input {
                gradient.plane_mut(numbers.below(layer.outputs))[at] = POISONS[poison];
            } else if let Some(&offset) = layer.offsets.get(numbers.below(layer.offsets.len())) {
                layer.input[offset as usize + at] = POISONS[poison];
            }
            check(isa, &layer, &gradient, 2, &mut numbers);
        }
    }
}
