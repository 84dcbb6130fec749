//! Plane sums and lane sums of moments.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Isa, MAX_LANES, naive, plane_sums, row_moments};

/// The lane sums of moments grew from `before` to `after` by those of `planes`: the right totals, in the lanes of this
/// instruction set only.
pub(crate) fn compare_lane_sums(
    isa: Isa,
    before: &[f32],
    after: &[f32],
    planes: &Planes,
    mask: &[f32],
    shift: &[f32],
) {
    let (x, stride, n) = (&planes.data[planes.lead..], planes.stride, planes.positions);
    let twin = naive::row_moments(x, stride, n, mask, shift);
    // |x| + |shift| bounds |d|: one rounding, then one addition a vector; d^2 has two factors with that rounding.
    let opposite: Vec<f32> = shift.iter().map(|x| -x.abs()).collect();
    let magnitude = naive::row_moments(&magnitudes(x), stride, n, mask, &opposite);
    let vectors = n / isa.lanes();
    let total = |lanes: &[f32]| lanes[..isa.lanes()].iter().map(|&x| f64::from(x)).sum::<f64>();
    for (plane, (&(d, dd), &(size, squares))) in twin.iter().zip(&magnitude).enumerate() {
        for (half, expected, magnitude, roundings) in
            [(0, d, size, vectors + 2), (1, dd, squares, vectors + 4)]
        {
            let here = (plane * 2 + half) * MAX_LANES..(plane * 2 + half + 1) * MAX_LANES;
            let (before, after) = (&before[here.clone()], &after[here]);
            let tolerance = gamma(roundings) * (magnitude + total(&magnitudes(before)));
            near(
                total(after),
                total(before) + expected,
                tolerance,
                (isa.name(), "plane", plane, "half", half),
            );
            same_bits(&before[isa.lanes()..], &after[isa.lanes()..], "lanes that this instruction set lacks");
        }
    }
}

fn check_row_moments(isa: Isa, planes: &Planes, mask: &[f32], numbers: &mut Numbers) {
    let shift = numbers.list(planes.channels);
    let before = numbers.list(planes.channels * 2 * MAX_LANES);
    let mut after = before.clone();
    let x = &planes.data[planes.lead..];
    row_moments(isa, x, planes.stride, planes.positions, mask, &shift, &mut after);
    compare_lane_sums(isa, &before, &after, planes, mask, &shift);
}

fn check_plane_sums(isa: Isa, planes: &Planes, numbers: &mut Numbers) {
    let (x, stride, n) = (&planes.data[planes.lead..], planes.stride, planes.positions);
    let before: Vec<f64> = numbers.list(planes.channels).into_iter().map(f64::from).collect();
    let mut after = before.clone();
    plane_sums(isa, x, stride, n, &mut after);
    let twin = naive::plane_sums(x, stride, n, planes.channels);
    let magnitude = naive::plane_sums(&magnitudes(x), stride, n, planes.channels);
    // One addition a vector, log2(lanes) at the end; the total is added in f64.
    let roundings = n / isa.lanes() + 4;
    for (channel, &after) in after.iter().enumerate() {
        let tolerance =
            gamma(roundings) * magnitude[channel] + gamma64(1) * (magnitude[channel] + before[channel].abs());
        near(after, before[channel] + twin[channel], tolerance, (isa.name(), channel));
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn plane_and_lane_sums_agree_with_their_twins(
        channels in 0..=4usize, lead in 0..=9usize, gap in 0..=19usize, vectors in 0..=40usize,
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, n) = (Numbers::new(seed), vectors * isa.lanes());
            let mut planes = Planes::random(&mut numbers, channels, lead, n + gap, n);
            if let Some(poison) = poison.filter(|_| channels * n > 0) {
                planes.plane_mut(numbers.below(channels))[numbers.below(n)] = POISONS[poison];
            }
            let mask = numbers.mask(n);
            check_row_moments(isa, &planes, &mask, &mut numbers);
            check_plane_sums(isa, &planes, &mut numbers);
        }
    }
}

#[test]
fn positions_under_the_mask_do_not_enter_moments() {
    for isa in isas() {
        let n = 3 * isa.lanes();
        let mut x = vec![1e6; n];
        let mut mask = vec![0.0; n];
        (x[5], mask[5]) = (3.5, 1.0);
        let mut sums = vec![0.0; 2 * MAX_LANES];
        row_moments(isa, &x, n, n, &mask, &[1.5], &mut sums);
        assert_eq!(sums[..MAX_LANES].iter().sum::<f32>(), 2.0);
        assert_eq!(sums[MAX_LANES..].iter().sum::<f32>(), 4.0);
    }
}
