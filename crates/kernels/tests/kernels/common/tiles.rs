//! Register tiles, as `TILE_WIDTH` and the kernels' most vectors of a tile document them.

use rarefy_kernels::{TILE_WIDTH, balanced};
use std::collections::BTreeSet;

/// The register tiles (rows, vectors) of a call, of at most `most` vectors.
pub(crate) fn tiles(most: usize, rows: usize, vectors: usize) -> BTreeSet<(usize, usize)> {
    let mut tiles = BTreeSet::new();
    for width in balanced(vectors, most.min(TILE_WIDTH)) {
        let mut left = rows;
        while left > 0 {
            let high =
                [4, 2, 1].into_iter().find(|&high| high <= left && (high == 1 || high * width <= most));
            let high = high.expect("one row always");
            tiles.insert((high, width));
            left -= high;
        }
    }
    tiles
}

/// All there are.
pub(crate) fn all_tiles(most: usize) -> BTreeSet<(usize, usize)> {
    [1, 2, 4]
        .into_iter()
        .flat_map(|high| (1..=TILE_WIDTH).map(move |width| (high, width)))
        .filter(|(high, width)| high * width <= most)
        .collect()
}
