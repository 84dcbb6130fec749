//! Products of groups of four outputs: the sums of a few taps stay in registers while a patch of gradient and input passes.

use super::Sddmm;
use crate::lanes::{Lanes, vectors_mut};
use crate::planes::Reads;
use crate::{TILE_WIDTH, balanced};

/// Most taps that share the gradient's loads in [`sddmm`](crate::sddmm), for groups of 4 outputs: one accumulator per weight. The taps
/// of a group are cut [`balanced`].
pub const fn tile_taps(registers: usize) -> usize {
    if registers == 32 { 5 } else { 2 }
}

/// Outputs of a group.
const R: usize = 4;

/// Vectors of a patch: few enough that a patch of 16 channels stays in L1.
const PATCH: usize = 16;

/// Rows and vectors of a patch and its place.
#[derive(Clone, Copy)]
struct Patch {
    y: usize,
    x: usize,
    rows: usize,
    vectors: usize,
}

impl Sddmm<'_> {
    /// All patches.
    #[inline(always)]
    pub(super) fn patches<L: Lanes>(&mut self, lanes: L) {
        let mut x = 0;
        for vectors in balanced(self.columns / L::LANES, TILE_WIDTH) {
            let mut y = 0;
            for rows in balanced(self.rows, (PATCH / vectors).max(1)) {
                self.groups(lanes, Patch { y, x, rows, vectors });
                y += rows;
            }
            x += vectors * L::LANES;
        }
    }

    /// All taps over one patch, in equal sets that share the gradient's loads.
    #[inline(always)]
    fn groups<L: Lanes>(&mut self, lanes: L, patch: Patch) {
        let ranges = self.taps.starts.windows(2).enumerate();
        for (index, range) in ranges {
            let group = index % self.taps.groups;
            let (mut tap, end) = (range[0] as usize, range[1] as usize);
            for count in balanced(end - tap, tile_taps(L::REGISTERS)) {
                match count {
                    1 => self.set::<L, 1>(lanes, group, tap, patch),
                    2 => self.set::<L, 2>(lanes, group, tap, patch),
                    3 => self.set::<L, 3>(lanes, group, tap, patch),
                    4 => self.set::<L, 4>(lanes, group, tap, patch),
                    _ => self.set::<L, 5>(lanes, group, tap, patch),
                }
                tap += count;
            }
        }
    }

    #[inline(always)]
    fn set<L: Lanes, const J: usize>(&mut self, lanes: L, group: usize, tap: usize, patch: Patch) {
        // Never asked for; leaving early keeps the wider sets, which would spill registers, out of the binary.
        if J > tile_taps(L::REGISTERS) {
            unreachable!("a set of {J} taps over {R} rows");
        }
        let gradient = Reads::<L::V>::new(self.gradient);
        let input = Reads::<L::V>::new(self.input);
        let offsets = &self.taps.offsets[tap..tap + J];
        let accumulators = &mut self.accumulators[tap * R * L::LANES..(tap + J) * R * L::LANES];
        let mut lines = self.ahead.lines(patch.rows);
        let mut sums = [[lanes.zero(); R]; J];
        for y in patch.y..patch.y + patch.rows {
            lines.step();
            let to: [usize; R] = std::array::from_fn(|r| self.grid.at(group * R + r, y) + patch.x);
            let from: [usize; J] =
                std::array::from_fn(|j| offsets[j] as usize + y * self.input_row + patch.x);
            for at in (0..patch.vectors * L::LANES).step_by(L::LANES) {
                // SAFETY: a patch lies within the rows and columns whose reach was checked on entry, for every output and offset.
                let gradient: [L::V; R] = std::array::from_fn(|r| unsafe { gradient.at(to[r] + at) });
                for j in 0..J {
                    // SAFETY: as above.
                    let x = unsafe { input.at(from[j] + at) };
                    for r in 0..R {
                        sums[j][r] = lanes.mul_add(gradient[r], x, sums[j][r]);
                    }
                }
            }
        }
        let accumulators: &mut [L::V] = vectors_mut(accumulators);
        for j in 0..J {
            for r in 0..R {
                accumulators[j * R + r] = lanes.add(accumulators[j * R + r], sums[j][r]);
            }
        }
    }
}
