//! Sampled dense-dense product: a convolution's weight gradient, only where weights exist.

use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::{Isa, Taps, balanced};

/// Adds to `accumulators[t][r]` (one vector each, in tap order) the lane-wise products
/// `gradient[r][p] * input[offsets[t] + p]` over `p` in `0..positions`.
///
/// The plane of output `o` starts at `gradient[o * stride]`; positions that are no pixel must be zero there.
/// `taps.values` is not read. Work goes in strips of at most `strip` vectors, so that the touched planes stay in L1; the
/// result does not depend on it.
///
/// # Shapes
/// `gradient`: one plane per output, `stride` apart; `input`: at least `max(offsets) + positions` numbers; `accumulators`:
/// `[tap][row][lanes]`, more are left alone.
///
/// # Panics
/// If a slice is too short, `positions` is no multiple of the lanes or `taps.rows` is not 1, 2 or 4.
pub fn sddmm(
    isa: Isa,
    taps: Taps<'_>,
    gradient: &[f32],
    stride: usize,
    input: &[f32],
    positions: usize,
    strip: usize,
    accumulators: &mut [f32],
) {
    assert!(positions.is_multiple_of(isa.lanes()), "positions must be a multiple of the lanes");
    taps.check_rows();
    isa.run(Sddmm { taps, gradient, stride, input, positions, strip: strip.max(1), accumulators });
}

/// Most taps that share the gradient's loads in [`sddmm`], for groups of `rows` outputs: one accumulator per weight. The taps
/// of a group are cut [`balanced`].
pub const fn tile_taps(rows: usize) -> usize {
    match rows {
        1 => 8,
        2 => 5,
        _ => 2,
    }
}

struct Sddmm<'a> {
    taps: Taps<'a>,
    gradient: &'a [f32],
    stride: usize,
    input: &'a [f32],
    positions: usize,
    strip: usize,
    accumulators: &'a mut [f32],
}

impl Kernel for Sddmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let mut at = 0;
        for vectors in balanced(self.positions / L::LANES, self.strip) {
            let width = vectors * L::LANES;
            match self.taps.rows {
                1 => self.groups::<L, 1>(lanes, at, width),
                2 => self.groups::<L, 2>(lanes, at, width),
                4 => self.groups::<L, 4>(lanes, at, width),
                rows => unreachable!("{rows} rows, checked on entry"),
            }
            at += width;
        }
    }
}

impl Sddmm<'_> {
    /// All taps over one strip, in equal sets that share the gradient's loads.
    #[inline(always)]
    fn groups<L: Lanes, const R: usize>(&mut self, lanes: L, at: usize, width: usize) {
        for group in 0..self.taps.groups() {
            let (mut tap, end) = (self.taps.starts[group] as usize, self.taps.starts[group + 1] as usize);
            for count in balanced(end - tap, tile_taps(R)) {
                match count {
                    1 => self.set::<L, R, 1>(lanes, group, tap, at, width),
                    2 => self.set::<L, R, 2>(lanes, group, tap, at, width),
                    3 => self.set::<L, R, 3>(lanes, group, tap, at, width),
                    4 => self.set::<L, R, 4>(lanes, group, tap, at, width),
                    5 => self.set::<L, R, 5>(lanes, group, tap, at, width),
                    6 => self.set::<L, R, 6>(lanes, group, tap, at, width),
                    7 => self.set::<L, R, 7>(lanes, group, tap, at, width),
                    _ => self.set::<L, R, 8>(lanes, group, tap, at, width),
                }
                tap += count;
            }
        }
    }

    #[inline(always)]
    fn set<L: Lanes, const R: usize, const J: usize>(
        &mut self,
        lanes: L,
        group: usize,
        tap: usize,
        at: usize,
        width: usize,
    ) {
        // Never asked for; leaving early keeps the wider sets, which would spill registers, out of the binary.
        if J > tile_taps(R) {
            unreachable!("a set of {J} taps over {R} rows");
        }
        let count = width / L::LANES;
        let gradient: [&[L::V]; R] = std::array::from_fn(|r| {
            let start = (group * R + r) * self.stride + at;
            &vectors(&self.gradient[start..start + width])[..count]
        });
        let input: [&[L::V]; J] = std::array::from_fn(|j| {
            let start = self.taps.offsets[tap + j] as usize + at;
            &vectors(&self.input[start..start + width])[..count]
        });
        let accumulators = &mut self.accumulators[tap * R * L::LANES..(tap + J) * R * L::LANES];
        let accumulators: &mut [L::V] = vectors_mut(accumulators);
        let mut sums: [[L::V; R]; J] =
            std::array::from_fn(|j| std::array::from_fn(|r| accumulators[j * R + r]));
        for p in 0..count {
            let gradient: [L::V; R] = std::array::from_fn(|r| gradient[r][p]);
            for j in 0..J {
                let x = input[j][p];
                for r in 0..R {
                    sums[j][r] = lanes.mul_add(gradient[r], x, sums[j][r]);
                }
            }
        }
        for j in 0..J {
            for r in 0..R {
                accumulators[j * R + r] = sums[j][r];
            }
        }
    }
}

/// `gradient[order[i]] = sum over chunks and lanes of accumulators[chunk][i]`, in that fixed order; entries of `order`
/// beyond the gradient (padding of a layer run as dense) are skipped, gradients that `order` does not name are left alone.
///
/// # Shapes
/// `accumulators`: `[chunks][order.len()][lanes]`.
///
/// # Panics
/// If `accumulators` is not a whole number of chunks.
pub fn reduce_accumulators(isa: Isa, accumulators: &[f32], order: &[u32], gradient: &mut [f32]) {
    let chunk = order.len() * isa.lanes();
    assert!(accumulators.len().is_multiple_of(chunk), "accumulators must be a whole number of chunks");
    isa.run(Reduce { accumulators, order, gradient });
}

struct Reduce<'a> {
    accumulators: &'a [f32],
    order: &'a [u32],
    gradient: &'a mut [f32],
}

impl Kernel for Reduce<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        let vectors: &[L::V] = vectors(self.accumulators);
        let chunk = self.order.len();
        for (i, &target) in self.order.iter().enumerate() {
            if let Some(gradient) = self.gradient.get_mut(target as usize) {
                let mut sum = lanes.zero();
                for &partial in vectors.iter().skip(i).step_by(chunk) {
                    sum = lanes.add(sum, partial);
                }
                *gradient = lanes.sum(sum);
            }
        }
    }
}
