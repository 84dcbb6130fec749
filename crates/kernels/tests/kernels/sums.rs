//! Plane sums and lane sums of moments.

use crate::common::*;
use proptest::prelude::*;
use rarefy_kernels::{Grid, Isa, MAX_LANES, naive, plane_sums, row_moments};

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
    let Size { rows, columns, lanes, .. } = planes.size;
    let twin = naive::row_moments(planes.view(), planes.grid, rows, columns, mask, shift);
    // |x| + |shift| bounds |d|: one rounding, then one addition a vector; d^2 has two factors with that rounding.
    let opposite: Vec<f32> = shift.iter().map(|x| -x.abs()).collect();
    let size = planes.magnitude();
    let magnitude = naive::row_moments(size.view(), planes.grid, rows, columns, mask, &opposite);
    let vectors = rows * columns / lanes;
    let total = |sums: &[f32]| sums[..lanes].iter().map(|&x| f64::from(x)).sum::<f64>();
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
            same_bits(&before[lanes..], &after[lanes..], "lanes that this instruction set lacks");
        }
    }
}

fn check_row_moments(isa: Isa, planes: &Planes, mask: &[f32], numbers: &mut Numbers) {
    let Size { channels, rows, columns, .. } = planes.size;
    let shift = numbers.list(channels);
    let before = numbers.list(channels * 2 * MAX_LANES);
    let mut after = before.clone();
    row_moments(isa, planes.view(), planes.grid, rows, columns, mask, &shift, &mut after);
    compare_lane_sums(isa, &before, &after, planes, mask, &shift);
}

fn check_plane_sums(isa: Isa, planes: &Planes, numbers: &mut Numbers) {
    let Size { channels, rows, columns, lanes, .. } = planes.size;
    let before: Vec<f64> = numbers.list(channels).into_iter().map(f64::from).collect();
    let mut after = before.clone();
    plane_sums(isa, planes.view(), planes.grid, rows, columns, &mut after);
    let twin = naive::plane_sums(planes.view(), planes.grid, rows, columns, channels);
    let magnitude = naive::plane_sums(planes.magnitude().view(), planes.grid, rows, columns, channels);
    // One addition a vector, log2(lanes) at the end; the total is added in f64.
    let roundings = rows * columns / lanes + 4;
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
        channels in 0..=4usize, rows in 0..=5usize, vectors in 0..=11usize,
        poison in proptest::option::of(0..3usize), seed: u64,
    ) {
        for isa in isas() {
            let (mut numbers, size) = (Numbers::new(seed), Size::new(channels, rows, vectors, isa.lanes()));
            let gaps = numbers.gaps();
            let mut planes = Planes::random(&mut numbers, size, gaps);
            if let Some(poison) = poison.filter(|_| !size.is_empty()) {
                planes.poison(&mut numbers, POISONS[poison]);
            }
            let mask = numbers.mask(isa.lanes());
            check_row_moments(isa, &planes, &mask, &mut numbers);
            check_plane_sums(isa, &planes, &mut numbers);
        }
    }
}

#[test]
fn lanes_under_the_mask_do_not_enter_moments() {
    for isa in isas() {
        let lanes = isa.lanes();
        let (mut x, mut mask) = (vec![1e6; 3 * lanes], vec![0.0; lanes]);
        (x[1], x[lanes + 1], x[2 * lanes + 1], mask[1]) = (3.5, 0.5, 1.5, 1.0);
        let mut sums = vec![0.0; 2 * MAX_LANES];
        // Three rows of a vector.
        let grid = Grid { plane: 0, row: lanes };
        row_moments(isa, &x, grid, 3, lanes, &mask, &[1.5], &mut sums);
        assert_eq!(sums[..MAX_LANES].iter().sum::<f32>(), 1.0);
        assert_eq!(sums[MAX_LANES..].iter().sum::<f32>(), 5.0);
    }
}
