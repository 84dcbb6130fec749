//! Sparse matrix times shifted planes: a convolution's forward pass and, with the transposed taps, its input gradient.
//!
//! Unsafe: reads of the input, whose reach is checked on entry.
#![allow(unsafe_code)]

use crate::ahead::{Ahead, Walk};
use crate::lanes::{Kernel, Lanes, vectors, vectors_mut};
use crate::planes::Reads;
use crate::tiles::{Tiled, for_each_tile};
use crate::write::Placed;
use crate::{Grid, Isa, MAX_LANES, Taps, Write};

/// What happens to an output plane as it is written.
///
/// Masks multiply: NaN and infinity become NaN under a 0, which no later pass hides.
#[derive(Debug)]
pub enum Epilogue<'a> {
    /// Nothing.
    Store,
    /// Add the plane's bias, zero the lanes where `mask` (0 or 1 per lane) is 0.
    Bias {
        /// One number per output plane.
        bias: &'a [f32],
        /// One number per lane.
        mask: &'a [f32],
    },
    /// Zero the lanes where `mask` is 0 and add `d` and `d^2`, `d = (x - shift) * mask`, to the plane's moments: see
    /// [`crate::Moments::from_shifted`].
    Moments {
        /// One number per lane.
        mask: &'a [f32],
        /// One number per output plane, near its mean.
        shift: &'a [f32],
        /// Per output plane [`MAX_LANES`] partial sums of `d`, then as many of `d^2`.
        sums: &'a mut [f32],
    },
}

/// `output[o][y][x] = sum over taps t of o's group: values[t][o] * input[offsets[t] + y * input_row + x]`, `y` in `0..rows`, `x` in
/// `0..columns`.
///
/// Meanwhile `ahead` is brought into the second cache. Each number is summed in tap order, block by block, whatever the register tile: the same rows in several calls give the same bits.
///
/// # Shapes
/// `output`: one plane per output, placed as `grid` says, written once, the way `write` says; `input`: at least
/// `max(offsets) + (rows - 1) * input_row + columns` numbers if there are taps. `columns` is a multiple of the lanes. `partial`:
/// [`partial_len`] numbers, overwritten.
///
/// # Panics
/// If a slice is shorter than that, `columns` is no multiple of the lanes or `taps` are not well formed.
pub fn spmm(
    isa: Isa,
    taps: Taps<'_>,
    input: &[f32],
    input_row: usize,
    output: &mut [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    epilogue: Epilogue<'_>,
    write: Write,
    partial: &mut [f32],
    ahead: Ahead<'_>,
) {
    assert!(columns.is_multiple_of(isa.lanes()), "columns must be a multiple of the lanes");
    taps.check();
    assert_eq!(taps.values.len(), taps.offsets.len() * taps.rows, "weights of {} taps", taps.offsets.len());
    if rows == 0 || columns == 0 {
        return;
    }
    taps.check_reads(input.len(), Grid { plane: 0, row: input_row }.reach(1, rows, columns));
    assert!(grid.reach(taps.rows * taps.groups, rows, columns) <= output.len(), "output is too short");
    let partial = &mut partial[..partial_len(taps.groups, taps.blocks())];
    let tiles = (rows * columns / isa.lanes()).div_ceil(tile_vectors(isa.registers(), taps.rows));
    let write = write.to(output, grid, isa.lanes());
    let ahead = Walk::new(ahead, tiles * taps.offsets.len());
    isa.run(Spmm { taps, input, input_row, output, grid, rows, columns, epilogue, partial, write, ahead });
}

/// Numbers that [`spmm`] keeps between blocks of taps: the sums of a register tile for all of `groups`.
pub const fn partial_len(groups: usize, blocks: usize) -> usize {
    if blocks > 1 { groups * MOST_VECTORS * MAX_LANES } else { 0 }
}

/// Most vectors of a register tile, all its outputs together.
const MOST_VECTORS: usize = 16;

/// Most vectors of a register tile of [`spmm`] for groups of `rows` outputs: accumulators, their loads and weights fill the registers.
/// A tile is at most [`TILE_WIDTH`](crate::TILE_WIDTH) vectors wide and 1, 2 or 4 rows high; widths are cut [`balanced`](crate::balanced).
pub const fn tile_vectors(registers: usize, rows: usize) -> usize {
    match (registers, rows) {
        (32, rows) => MOST_VECTORS / rows,
        (_, rows) => 12 / rows,
    }
}

struct Spmm<'a> {
    taps: Taps<'a>,
    input: &'a [f32],
    input_row: usize,
    output: &'a mut [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    epilogue: Epilogue<'a>,
    partial: &'a mut [f32],
    write: Placed,
    ahead: Walk<'a>,
}

impl Kernel for Spmm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) {
        let (rows, columns, write) = (self.rows, self.columns, self.write);
        match self.taps.rows {
            1 => for_each_tile::<_, L, 1>(&mut self, lanes, rows, columns),
            2 => for_each_tile::<_, L, 2>(&mut self, lanes, rows, columns),
            4 => for_each_tile::<_, L, 4>(&mut self, lanes, rows, columns),
            rows => unreachable!("{rows} rows, checked on entry"),
        }
        write.end();
    }
}

impl Tiled for Spmm<'_> {
    #[inline(always)]
    fn most<L: Lanes>(rows: usize) -> usize {
        tile_vectors(L::REGISTERS, rows)
    }

    /// All outputs at one tile of positions: what a block of taps reads of the input stays in L1 for all of them.
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "rows and vectors are the inner indices, those of the input's places too"
    )]
    fn tile<L: Lanes, const R: usize, const H: usize, const W: usize>(
        &mut self,
        lanes: L,
        y: usize,
        x: usize,
    ) {
        let Taps { starts, offsets, values, groups, .. } = self.taps;
        let blocks = self.taps.blocks();
        let input = Reads::<L::V>::new(self.input);
        let (row, corner) = (self.input_row, y * self.input_row + x);
        for block in 0..blocks {
            let (first, last) = (block == 0, block + 1 == blocks);
            let starts = &starts[block * groups..=(block + 1) * groups];
            for (group, range) in starts.windows(2).enumerate() {
                let (start, end) = (range[0] as usize, range[1] as usize);
                if start == end && !first && !last {
                    continue;
                }
                let mut sums = [[[lanes.zero(); W]; H]; R];
                if !first {
                    let partial = self.partial::<L, R, H, W>(group);
                    for r in 0..R {
                        for h in 0..H {
                            for w in 0..W {
                                sums[r][h][w] = partial[(r * H + h) * W + w];
                            }
                        }
                    }
                }
                let mut lines = self.ahead.lines(end - start);
                let values = values[start * R..end * R].chunks_exact(R);
                for (&offset, weights) in offsets[start..end].iter().zip(values) {
                    let from = offset as usize + corner;
                    lines.step();
                    let weights: [L::V; R] = std::array::from_fn(|r| lanes.splat(weights[r]));
                    for h in 0..H {
                        for w in 0..W {
                            // SAFETY: the reach of every offset over all rows and columns was checked on entry.
                            let x = unsafe { input.at(from + h * row + w * L::LANES) };
                            for r in 0..R {
                                sums[r][h][w] = lanes.mul_add(weights[r], x, sums[r][h][w]);
                            }
                        }
                    }
                }
                if !last {
                    let partial = self.partial::<L, R, H, W>(group);
                    for r in 0..R {
                        for h in 0..H {
                            for w in 0..W {
                                partial[(r * H + h) * W + w] = sums[r][h][w];
                            }
                        }
                    }
                    continue;
                }
                self.finish(lanes, group, y, x, &sums);
            }
        }
    }
}

impl Spmm<'_> {
    /// A group's sums of the blocks before: its output planes, rows and vectors.
    #[inline(always)]
    fn partial<L: Lanes, const R: usize, const H: usize, const W: usize>(
        &mut self,
        group: usize,
    ) -> &mut [L::V] {
        let start = group * MOST_VECTORS * L::LANES;
        &mut vectors_mut(&mut self.partial[start..start + R * H * W * L::LANES])[..R * H * W]
    }

    /// Writes a group's sums. Every index of `sums` is known when this is compiled, or they would not stay in registers while the taps pass.
    #[inline(always)]
    fn finish<L: Lanes, const R: usize, const H: usize, const W: usize>(
        &mut self,
        lanes: L,
        group: usize,
        y: usize,
        x: usize,
        sums: &[[[L::V; W]; H]; R],
    ) {
        each(
            sums,
            #[inline(always)]
            |r, sums| self.plane(lanes, group * R + r, y, x, sums),
        );
    }

    #[inline(always)]
    fn plane<L: Lanes, const H: usize, const W: usize>(
        &mut self,
        lanes: L,
        plane: usize,
        y: usize,
        x: usize,
        sums: &[[L::V; W]; H],
    ) {
        let Self { output, grid, write, epilogue, .. } = self;
        let rows = Rows { output, first: grid.at(plane, y) + x, row: grid.row, write: *write };
        match epilogue {
            Epilogue::Store => rows.put(
                lanes,
                sums,
                #[inline(always)]
                |sum| sum,
            ),
            Epilogue::Bias { bias, mask } => {
                let bias = lanes.splat(bias[plane]);
                let mask = vectors::<L::V>(mask)[0];
                rows.put(
                    lanes,
                    sums,
                    #[inline(always)]
                    |sum| lanes.mul(lanes.add(sum, bias), mask),
                );
            }
            Epilogue::Moments { mask, shift, sums: moments } => {
                let mask = vectors::<L::V>(mask)[0];
                let shift = lanes.mul(lanes.splat(shift[plane]), mask);
                let moments = &mut moments[plane * 2 * MAX_LANES..(plane + 1) * 2 * MAX_LANES];
                let (first, second) = moments.split_at_mut(MAX_LANES);
                let first = &mut vectors_mut::<L::V>(first)[0];
                let second = &mut vectors_mut::<L::V>(second)[0];
                let (mut sum_d, mut sum_dd) = (*first, *second);
                rows.put(
                    lanes,
                    sums,
                    #[inline(always)]
                    |sum| {
                        let x = lanes.mul(sum, mask);
                        let d = lanes.sub(x, shift);
                        sum_d = lanes.add(sum_d, d);
                        sum_dd = lanes.mul_add(d, d, sum_dd);
                        x
                    },
                );
                (*first, *second) = (sum_d, sum_dd);
            }
        }
    }
}

/// Rows of one output plane, `row` numbers apart from `first` on.
struct Rows<'a> {
    output: &'a mut [f32],
    first: usize,
    row: usize,
    write: Placed,
}

impl Rows<'_> {
    /// Writes what `value` makes of each sum.
    #[inline(always)]
    fn put<L: Lanes, const H: usize, const W: usize>(
        self,
        lanes: L,
        sums: &[[L::V; W]; H],
        mut value: impl FnMut(L::V) -> L::V,
    ) {
        each(
            sums,
            #[inline(always)]
            |h, sums| {
                let mut done = *sums;
                for done in &mut done {
                    *done = value(*done);
                }
                let start = self.first + h * self.row;
                let to = vectors_mut(&mut self.output[start..start + W * L::LANES]);
                self.write.row(lanes, &mut to[..W], &done);
            },
        );
    }
}

/// Calls `run` with the number and sums of each of 1, 2 or 4 planes or rows. Closures have to be inlined: of their own they would be
/// compiled without the instruction set.
#[inline(always)]
fn each<V, const N: usize>(sums: &[V; N], mut run: impl FnMut(usize, &V)) {
    run(0, &sums[0]);
    if N > 1 {
        run(1, &sums[1 % N]);
    }
    if N > 2 {
        run(2, &sums[2 % N]);
        run(3, &sums[3 % N]);
    }
}
