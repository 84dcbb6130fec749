//! Sparse matrix times shifted planes: a convolution's forward pass and, with the transposed taps, its input gradient.

use crate::ahead::{Ahead, Walk};
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Isa, MAX_LANES, Taps, balanced};

/// What happens to an output plane as it is written.
///
/// Masks multiply: NaN and infinity become NaN under a 0, which no later pass hides.
#[derive(Debug)]
pub enum Epilogue<'a> {
    /// Nothing.
    Store,
    /// Add the plane's bias, zero the positions where `mask` (0 or 1 per position) is 0.
    Bias {
        /// One number per output plane.
        bias: &'a [f32],
        /// One number per position.
        mask: &'a [f32],
    },
    /// Zero the positions where `mask` is 0 and add `d` and `d^2`, `d = (x - shift) * mask`, to the plane's moments: see
    /// [`crate::Moments::from_shifted`].
    Moments {
        /// One number per position.
        mask: &'a [f32],
        /// One number per output plane, near its mean.
        shift: &'a [f32],
        /// Per output plane [`MAX_LANES`] partial sums of `d`, then as many of `d^2`.
        sums: &'a mut [f32],
    },
}

/// `output[o][p] = sum over taps t of o's group: values[t][o] * input[offsets[t] + p]` for `p` in `0..positions`.
///
/// Each number is summed in tap order whatever the register tile, so the same positions in several calls give the same bits.
///
/// # Shapes
/// `output`: one plane per output, `stride` apart; `input`: at least `max(offsets) + positions` numbers, or
/// `positions` if there are no taps.
///
/// # Panics
/// If a slice is shorter than that, `positions` is no multiple of the lanes or `taps.rows` is not 1, 2 or 4.
pub fn spmm(
    isa: Isa,
    taps: Taps<'_>,
    input: &[f32],
    output: &mut [f32],
    stride: usize,
    positions: usize,
    epilogue: Epilogue<'_>,
) {
    spmm_ahead(isa, taps, input, output, stride, positions, epilogue, Ahead::default());
}

/// As [`spmm`], bit for bit; meanwhile brings what comes next into the cache.
pub fn spmm_ahead(
    isa: Isa,
    taps: Taps<'_>,
    input: &[f32],
    output: &mut [f32],
    stride: usize,
    positions: usize,
    epilogue: Epilogue<'_>,
    ahead: Ahead<'_>,
) {
    assert!(positions.is_multiple_of(isa.lanes()), "positions must be a multiple of the lanes");
    taps.check_rows();
    let blocks = (positions / isa.lanes()).div_ceil(tile_vectors(taps.rows));
    let ahead = Walk::new(ahead, blocks * taps.groups());
    isa.run(Spmm { taps, input, output, stride, positions, epilogue, ahead });
}

/// Widest register tile of [`spmm`] for groups of `rows` outputs, in vectors: 12 accumulators, their loads and a weight fill
/// 16 registers. The positions are cut [`balanced`].
///
/// # Panics
/// If `rows` is 0.
pub const fn tile_vectors(rows: usize) -> usize {
    12 / rows
}

struct Spmm<'a> {
    taps: Taps<'a>,
    input: &'a [f32],
    output: &'a mut [f32],
    stride: usize,
    positions: usize,
    epilogue: Epilogue<'a>,
    ahead: Walk<'a>,
}

impl Kernel for Spmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        match self.taps.rows {
            1 => self.blocks::<L, 1>(lanes),
            2 => self.blocks::<L, 2>(lanes),
            4 => self.blocks::<L, 4>(lanes),
            rows => unreachable!("{rows} rows, checked on entry"),
        }
    }
}

impl Spmm<'_> {
    /// Cuts the positions into equal blocks of at most as many vectors as the register tile holds.
    #[inline(always)]
    fn blocks<L: Lanes, const R: usize>(mut self, lanes: L) {
        let mut at = 0;
        for width in balanced(self.positions / L::LANES, tile_vectors(R)) {
            match width {
                1 => self.block::<L, R, 1>(lanes, at),
                2 => self.block::<L, R, 2>(lanes, at),
                3 => self.block::<L, R, 3>(lanes, at),
                4 => self.block::<L, R, 4>(lanes, at),
                5 => self.block::<L, R, 5>(lanes, at),
                6 => self.block::<L, R, 6>(lanes, at),
                7 => self.block::<L, R, 7>(lanes, at),
                8 => self.block::<L, R, 8>(lanes, at),
                9 => self.block::<L, R, 9>(lanes, at),
                10 => self.block::<L, R, 10>(lanes, at),
                11 => self.block::<L, R, 11>(lanes, at),
                _ => self.block::<L, R, 12>(lanes, at),
            }
            at += width * L::LANES;
        }
    }

    /// All outputs at positions `at..at + V vectors`: the input strip stays in L1 for all of them.
    #[inline(always)]
    fn block<L: Lanes, const R: usize, const V: usize>(&mut self, lanes: L, at: usize) {
        // Never asked for; leaving early keeps the wider blocks, which would spill registers, out of the binary.
        if V > tile_vectors(R) {
            unreachable!("a block of {V} vectors over {R} rows");
        }
        let width = V * L::LANES;
        let Taps { starts, offsets, values, .. } = self.taps;
        let input = &self.input[at..];
        for (group, range) in starts.windows(2).enumerate() {
            self.ahead.step();
            let (start, end) = (range[0] as usize, range[1] as usize);
            let mut sums = [[lanes.zero(); V]; R];
            let weights = values[start * R..end * R].chunks_exact(R);
            for (&offset, weights) in offsets[start..end].iter().zip(weights) {
                let offset = offset as usize;
                let x: &[L::V] = vectors(&input[offset..offset + width]);
                for (sums, &weight) in sums.iter_mut().zip(weights) {
                    let weight = lanes.splat(weight);
                    for (sum, &x) in sums.iter_mut().zip(x) {
                        *sum = lanes.mul_add(weight, x, *sum);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                self.finish::<L, V>(lanes, group * R + r, at, sums);
            }
        }
    }

    #[inline(always)]
    fn finish<L: Lanes, const V: usize>(&mut self, lanes: L, plane: usize, at: usize, sums: &[L::V; V]) {
        let width = V * L::LANES;
        let start = plane * self.stride + at;
        let output: &mut [L::V] = vectors_mut(&mut self.output[start..start + width]);
        match &mut self.epilogue {
            Epilogue::Store => {
                for (output, &sum) in output.iter_mut().zip(sums) {
                    *output = sum;
                }
            }
            Epilogue::Bias { bias, mask } => {
                let bias = lanes.splat(bias[plane]);
                let mask: &[L::V] = vectors(&mask[at..at + width]);
                for ((output, &sum), &mask) in output.iter_mut().zip(sums).zip(mask) {
                    *output = lanes.mul(lanes.add(sum, bias), mask);
                }
            }
            Epilogue::Moments { mask, shift, sums: moments } => {
                let shift = lanes.splat(shift[plane]);
                let mask: &[L::V] = vectors(&mask[at..at + width]);
                let moments = &mut moments[plane * 2 * MAX_LANES..(plane + 1) * 2 * MAX_LANES];
                let (first, second) = moments.split_at_mut(MAX_LANES);
                let first = &mut vectors_mut::<L::V>(first)[0];
                let second = &mut vectors_mut::<L::V>(second)[0];
                let (mut sum_d, mut sum_dd) = (*first, *second);
                for ((output, &sum), &mask) in output.iter_mut().zip(sums).zip(mask) {
                    let x = lanes.mul(sum, mask);
                    *output = x;
                    let d = lanes.neg_mul_add(shift, mask, x);
                    sum_d = lanes.add(sum_d, d);
                    sum_dd = lanes.mul_add(d, d, sum_dd);
                }
                (*first, *second) = (sum_d, sum_dd);
            }
        }
    }
}
