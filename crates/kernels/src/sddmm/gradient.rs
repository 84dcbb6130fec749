//! Products of groups of one or two outputs: a tile of the gradient stays in registers while all taps pass.

use super::Sddmm;
use crate::lanes::{Lanes, vectors_mut};
use crate::planes::Reads;
use crate::tiles::Tiled;

/// Most vectors of the gradient of one output that stay in registers in [`sddmm`](crate::sddmm), for groups of 1 or 2 `rows`: half of
/// the registers for all outputs; sums and the input need some too.
pub const fn gradient_vectors(registers: usize, rows: usize) -> usize {
    registers / 2 / rows
}

/// Sums of a tap and output that run side by side: one chain would wait for itself.
const CHAINS: usize = 2;

impl Tiled for Sddmm<'_> {
    #[inline(always)]
    fn most<L: Lanes>(rows: usize) -> usize {
        gradient_vectors(L::REGISTERS, rows)
    }

    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "outputs, rows and vectors are the inner indices, those of places too"
    )]
    fn tile<L: Lanes, const R: usize, const H: usize, const W: usize>(
        &mut self,
        lanes: L,
        y: usize,
        x: usize,
    ) {
        let gradient = Reads::<L::V>::new(self.gradient);
        let input = Reads::<L::V>::new(self.input);
        let (row, corner) = (self.input_row, y * self.input_row + x);
        let accumulators: &mut [L::V] = vectors_mut(self.accumulators);
        for (index, range) in self.taps.starts.windows(2).enumerate() {
            let group = index % self.taps.groups;
            let (start, end) = (range[0] as usize, range[1] as usize);
            let mut here = [[[lanes.zero(); W]; H]; R];
            for r in 0..R {
                for h in 0..H {
                    let at = self.grid.at(group * R + r, y + h) + x;
                    for w in 0..W {
                        // SAFETY: a tile lies within the rows and columns whose reach was checked on entry, for every output.
                        here[r][h][w] = unsafe { gradient.at(at + w * L::LANES) };
                    }
                }
            }
            let mut lines = self.ahead.lines(end - start);
            let accumulators = accumulators[start * R..end * R].chunks_exact_mut(R);
            for (&offset, accumulators) in self.taps.offsets[start..end].iter().zip(accumulators) {
                let from = offset as usize + corner;
                lines.step();
                let mut sums = [[lanes.zero(); CHAINS]; R];
                for r in 0..R {
                    sums[r][0] = accumulators[r];
                }
                for h in 0..H {
                    for w in 0..W {
                        // SAFETY: as above, for every offset.
                        let x = unsafe { input.at(from + h * row + w * L::LANES) };
                        let chain = (h * W + w) % CHAINS;
                        for r in 0..R {
                            sums[r][chain] = lanes.mul_add(here[r][h][w], x, sums[r][chain]);
                        }
                    }
                }
                for r in 0..R {
                    accumulators[r] = lanes.add(sums[r][0], sums[r][1]);
                }
            }
        }
    }
}
