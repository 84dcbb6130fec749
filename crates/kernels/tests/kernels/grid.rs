//! Places of planes.

use proptest::prelude::*;
use rarefy_kernels::Grid;

proptest! {
    #[test]
    fn planes_reach_to_their_last_number(
        plane in 0..50usize, row in 0..50usize, planes in 0..5usize, rows in 0..5usize, columns in 1..9usize,
    ) {
        let grid = Grid { plane, row };
        let last = (0..planes).flat_map(|c| (0..rows).map(move |y| grid.at(c, y) + columns)).max();
        prop_assert_eq!(grid.reach(planes, rows, columns), last.unwrap_or(0));
    }
}

#[test]
fn a_reach_beyond_all_numbers_is_not_taken_for_a_small_one() {
    let half = usize::MAX / 2 + 1;
    for grid in [Grid { plane: half, row: 0 }, Grid { plane: 0, row: half }, Grid { plane: half, row: half }]
    {
        assert!(grid.reach(3, 3, 1) == usize::MAX, "{grid:?}");
    }
    assert_eq!(Grid { plane: 0, row: 0 }.reach(1, 1, usize::MAX), usize::MAX);
}
