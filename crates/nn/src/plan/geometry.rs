//! How a convolution reads shifted planes: phases of its stride, offsets of its taps, strips of rows in tiles with zeros around.

use super::layout::{Layout, Region};
use crate::graph::Extent;
use rarefy_core::WeightShape;
use rarefy_kernels::{Grid, TILE_WIDTH, tile_vectors};
use std::ops::Range;

/// One axis of a kernel position: which phase of the input it reads and how far it is shifted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shift {
    phase: usize,
    by: isize,
}

/// A convolution (or linear layer: 1 x 1 on vectors) between two extents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) weight: WeightShape,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) input: Extent,
    pub(crate) output: Extent,
}

impl Window {
    fn shift(&self, k: usize) -> Shift {
        let t = k as isize - self.padding as isize;
        let stride = self.stride as isize;
        Shift { phase: t.rem_euclid(stride) as usize, by: t.div_euclid(stride) }
    }

    /// Rows (or columns) before and after the output's that some tap reads.
    fn margins(&self, kernel: usize) -> (usize, usize) {
        let by = |k| self.shift(k).by;
        let least = (0..kernel).map(by).min().unwrap_or(0);
        let most = (0..kernel).map(by).max().unwrap_or(0);
        ((-least).max(0) as usize, most.max(0) as usize)
    }

    /// Pixels of an axis that phase `phase` holds.
    fn phase_len(&self, len: usize, phase: usize) -> usize {
        len.saturating_sub(phase).div_ceil(self.stride)
    }

    /// Phases (y, x) of the input that some tap reads.
    fn read_phases(&self) -> Vec<(usize, usize)> {
        let mut phases = Vec::new();
        for y in 0..self.weight.kernel_h {
            for x in 0..self.weight.kernel_w {
                let phase = (self.shift(y).phase, self.shift(x).phase);
                if !phases.contains(&phase) {
                    phases.push(phase);
                }
            }
        }
        phases
    }

    /// Every pixel of the input is in a phase that some tap reads.
    pub(crate) fn reads_every_phase(&self) -> bool {
        self.read_phases().len() == self.stride * self.stride
    }
}

/// Tiles and offsets of one convolution.
///
/// It goes over strips of output rows. The *input tile* holds the rows of planes `[phase][channel]` that a strip reads, the *gradient
/// tile* those of the output channels, both with zeros where the image ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) window: Window,
    lanes: usize,
    /// Phases (y, x) of the input: those that some tap reads, then the others.
    pub(crate) phases: Vec<(usize, usize)>,
    /// How many of them some tap reads.
    pub(crate) read: usize,
    /// Rows around a strip, and columns around a row, that some tap of the forward pass reads.
    top: usize,
    bottom: usize,
    left: usize,
    right: usize,
    /// Zeros of the input tile and of the gradient tile.
    border: Border,
    gradient_border: Border,
    /// Rows that strips are cut from: those of the output or of a phase, whichever are more.
    rows: usize,
    /// Rows of a strip.
    strip: usize,
    /// Places in the input tile.
    pub(crate) tile: Grid,
    /// Places in the gradient tile.
    pub(crate) gradient: Grid,
    /// Places in the input gradient of a strip.
    pub(crate) dx: Grid,
}

/// Zeros around the pixels of a tile's planes. What is to the right of a row is to the left of the next: they are there once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Border {
    /// Rows above each plane.
    top: usize,
    /// Columns before each row.
    left: usize,
    /// Numbers behind the last plane.
    end: usize,
}

/// One axis of a tile: lines of pixels, and zeros around them.
#[derive(Clone, Copy)]
struct Axis {
    /// Zeros before the pixels.
    before: usize,
    /// From one plane or row to the next.
    pitch: usize,
    /// Zeros that the last needs behind it.
    behind: usize,
}

impl Axis {
    /// For reads from `before` in front of `len` pixels up to place `end`, where what is behind one line is in front of the next.
    fn shared(before: usize, len: usize, end: usize) -> Self {
        let behind = end.saturating_sub(len);
        let before = before.max(behind);
        Self { before, pitch: before + len, behind }
    }

    /// For lines with other pixels around them, `before` and `after`.
    fn apart(before: usize, len: usize, after: usize) -> Self {
        Self { before, pitch: before + len + after, behind: 0 }
    }
}

/// Places in a tile of such planes and rows, and the zeros around its pixels.
fn placed(down: Axis, across: Axis, lanes: usize) -> (Grid, Border) {
    let row = across.pitch * lanes;
    let end = down.behind * row + across.behind * lanes;
    (Grid { plane: down.pitch * row, row }, Border { top: down.before, left: across.before, end })
}

/// Room for both tiles and the input gradient of a strip, in numbers per lane: 768 KB for 16 lanes, which leaves most of a second cache of
/// 2 MB to the planes that pass by.
const STRIP_ROOM: usize = 12 << 10;

/// Rows of a strip at most: a register tile has no more, and the rows that strips share are few beside what they compute.
const MOST_ROWS: usize = 4;

/// Rows of a strip at least: two of [`TILE_WIDTH`] fill a register tile.
const LEAST_ROWS: usize = 2;

/// Vectors that fill a register tile: narrow maps go in strips of as many rows, whether they fit or not.
const TILE_VECTORS: usize = tile_vectors(32, 1);

impl Geometry {
    /// Tiles for a window between activations of `lanes` samples a group.
    pub(crate) fn new(window: Window, lanes: usize) -> Self {
        let (top, bottom) = window.margins(window.weight.kernel_h);
        let (left, right) = window.margins(window.weight.kernel_w);
        let mut phases = window.read_phases();
        let read = phases.len();
        let every = (0..window.stride).flat_map(|y| (0..window.stride).map(move |x| (y, x)));
        for phase in every {
            if !phases.contains(&phase) {
                phases.push(phase);
            }
        }
        let phase_rows = window.phase_len(window.input.height, 0);
        let phase_columns = window.phase_len(window.input.width, 0);
        let rows = phase_rows.max(window.output.height);
        let (height, width) = (window.output.height, window.output.width);
        let across = Axis::shared(left, phase_columns, width + right);
        let gradient_across = Axis::shared(right, width, phase_columns + left);
        // A row of either tile, in pixels.
        let (pitch, gradient_pitch) = (across.pitch, gradient_across.pitch);
        let channels = window.input.channels;
        let fixed =
            (top + bottom) * (phases.len() * channels * pitch + window.output.channels * gradient_pitch);
        let each = phases.len() * channels * pitch
            + window.output.channels * gradient_pitch
            + read * channels * phase_columns;
        let least = (TILE_VECTORS / phase_columns.max(1)).clamp(LEAST_ROWS, MOST_ROWS);
        let most = (STRIP_ROOM.saturating_sub(fixed) / each.max(1)).clamp(least, MOST_ROWS);
        // Register tiles are 1, 2 or 4 rows high: no strip of 3 rows.
        let strip = if most == 3 { 2 } else { most }.min(rows.max(1));
        // The only strip of an image has nothing but zeros above and below.
        let down = |before: usize, end: usize, after: usize| match strip == rows {
            true => Axis::shared(before, rows, end),
            false => Axis::apart(before, strip, after),
        };
        let (tile, border) = placed(down(top, height + bottom, bottom), across, lanes);
        let (gradient, gradient_border) = placed(down(bottom, phase_rows + top, top), gradient_across, lanes);
        Self {
            window,
            lanes,
            phases,
            read,
            top,
            bottom,
            left,
            right,
            border,
            gradient_border,
            rows,
            strip,
            tile,
            gradient,
            // A vector more, so that planes do not all fall into the same sets of the first cache.
            dx: Grid { plane: (strip * phase_columns + 1) * lanes, row: phase_columns * lanes },
        }
    }

    /// Numbers of the input tile.
    pub(crate) fn tile_len(&self) -> usize {
        self.phases.len() * self.window.input.channels * self.tile.plane + self.border.end
    }

    /// Numbers of the gradient tile.
    pub(crate) fn gradient_len(&self) -> usize {
        self.gradient_planes() + self.gradient_border.end
    }

    /// Numbers of the input gradient of a strip.
    pub(crate) fn dx_len(&self) -> usize {
        self.read * self.window.input.channels * self.dx.plane
    }

    /// The strips, from top to bottom.
    pub(crate) fn strips(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (rows, strip) = (self.rows, self.strip);
        (0..rows).step_by(strip).map(move |start| start..(start + strip).min(rows))
    }

    /// The strip after `strip`, with the group it is of, in a chunk whose groups end at `end`.
    pub(crate) fn next(
        &self,
        group: usize,
        strip: &Range<usize>,
        end: usize,
    ) -> Option<(usize, Range<usize>)> {
        let to = |start: usize| start..(start + self.strip).min(self.rows);
        if strip.end < self.rows {
            Some((group, to(strip.end)))
        } else {
            (group + 1 < end).then(|| (group + 1, to(0)))
        }
    }

    /// Numbers of the source, from the start of its group, that a strip is the first to read.
    pub(crate) fn source_run(&self, source: &Layout, strip: &Range<usize>) -> Range<usize> {
        let (stride, height) = (self.window.stride, self.window.input.height);
        let fresh = fresh(strip, self.bottom);
        run(source, &clip(&(fresh.start * stride..fresh.end * stride), height))
    }

    /// Numbers of the source that are the pixels of a strip.
    pub(crate) fn pixel_run(&self, source: &Layout, strip: &Range<usize>) -> Range<usize> {
        let (stride, height) = (self.window.stride, self.window.input.height);
        run(source, &clip(&(strip.start * stride..strip.end * stride), height))
    }

    /// Numbers of the output that a strip of the backward pass is the first to read.
    pub(crate) fn gradient_run(&self, output: &Layout, strip: &Range<usize>) -> Range<usize> {
        run(output, &clip(&fresh(strip, self.top), self.window.output.height))
    }

    /// Rows of the output in a strip.
    pub(crate) fn output_rows(&self, strip: &Range<usize>) -> Range<usize> {
        clip(strip, self.window.output.height)
    }

    /// Rows of the largest phase in a strip.
    pub(crate) fn phase_rows(&self, strip: &Range<usize>) -> Range<usize> {
        clip(strip, self.window.phase_len(self.window.input.height, 0))
    }

    /// Numbers of an output row.
    pub(crate) fn output_columns(&self) -> usize {
        self.window.output.width * self.lanes
    }

    /// Numbers of a row of the input gradient.
    pub(crate) fn dx_columns(&self) -> usize {
        self.dx.row
    }

    /// Rows `rows` of phase `phase` in the planes of `source`, as far as there are any.
    pub(crate) fn region(&self, source: &Layout, phase: usize, rows: &Range<usize>) -> Region {
        let (stride, (py, px)) = (self.window.stride, self.phases[phase]);
        let rows = clip(rows, self.window.phase_len(self.window.input.height, py));
        let Grid { plane, row } = source.grid();
        Region {
            start: (rows.start * stride + py) * row + px * self.lanes,
            grid: Grid { plane, row: row * stride },
            step: stride,
            rows: rows.len(),
            columns: self.window.phase_len(self.window.input.width, px) * self.lanes,
        }
    }

    /// Where row `row` of phase `phase` starts in the input tile of a strip.
    pub(crate) fn in_tile(&self, phase: usize, strip: &Range<usize>, row: usize) -> usize {
        let plane = phase * self.window.input.channels;
        self.tile.at(plane, row + self.border.top - strip.start) + self.border.left * self.lanes
    }

    /// Where output row `row` starts in the gradient tile of a strip.
    pub(crate) fn in_gradient(&self, strip: &Range<usize>, row: usize) -> usize {
        let Border { top, left, .. } = self.gradient_border;
        self.gradient.at(0, row + top - strip.start) + left * self.lanes
    }

    /// Zeros beside the pixels of the first `phases` phases of the input tile, and behind them.
    pub(crate) fn clear_sides(&self, tile: &mut [f32], phases: usize) {
        let planes = self.window.input.channels * self.tile.plane;
        let left = self.border.left * self.lanes;
        for (tile, &(_, px)) in tile.chunks_exact_mut(planes.max(1)).zip(&self.phases[..phases]) {
            let columns = self.window.phase_len(self.window.input.width, px) * self.lanes;
            clear_sides(tile, self.tile.row, left, columns);
        }
        tile[phases * planes..][..self.border.end].fill(0.0);
    }

    /// Zeros beside the pixels of the gradient tile, and behind them.
    pub(crate) fn clear_gradient_sides(&self, tile: &mut [f32]) {
        let (planes, end) = tile[..self.gradient_len()].split_at_mut(self.gradient_planes());
        clear_sides(planes, self.gradient.row, self.gradient_border.left * self.lanes, self.output_columns());
        end.fill(0.0);
    }

    /// Numbers of the planes of the gradient tile.
    fn gradient_planes(&self) -> usize {
        self.window.output.channels * self.gradient.plane
    }

    /// Moves the input tile of the first `phases` phases on to `strip`: rows it shares with the one before move up, rows outside the image
    /// become zero. The rest, which it returns, is to be filled, as far as each phase has it.
    pub(crate) fn roll(&self, tile: &mut [f32], phases: usize, strip: &Range<usize>) -> Range<usize> {
        let planes = self.window.input.channels * self.tile.plane;
        let mut fresh = 0..0;
        for (tile, &(py, _)) in tile.chunks_exact_mut(planes.max(1)).zip(&self.phases[..phases]) {
            let height = self.window.phase_len(self.window.input.height, py);
            fresh = roll(tile, self.tile, self.strip, (self.border.top, self.bottom), height, strip);
        }
        fresh
    }

    /// The same with the gradient tile; the rows to be filled are those that the output has.
    pub(crate) fn roll_gradient(&self, tile: &mut [f32], strip: &Range<usize>) -> Range<usize> {
        let height = self.window.output.height;
        let tile = &mut tile[..self.gradient_planes()];
        let around = (self.gradient_border.top, self.top);
        let fresh = roll(tile, self.gradient, self.strip, around, height, strip);
        clip(&fresh, height)
    }

    /// Phase index and shift (rows, columns) of kernel position (y, x).
    pub(crate) fn tap(&self, y: usize, x: usize) -> (usize, isize, isize) {
        let (sy, sx) = (self.window.shift(y), self.window.shift(x));
        let phase = (sy.phase, sx.phase);
        let index = self.phases.iter().position(|&known| known == phase).unwrap_or(0);
        (index, sy.by, sx.by)
    }

    /// Where the forward pass reads input channel `channel` for kernel position (y, x), in the input tile.
    pub(crate) fn input_offset(&self, channel: usize, y: usize, x: usize) -> u32 {
        let (phase, down, right) = self.tap(y, x);
        let plane = phase * self.window.input.channels + channel;
        let (row, column) = (self.border.top as isize + down, self.border.left as isize + right);
        (self.tile.at(plane, row as usize) + column as usize * self.lanes) as u32
    }

    /// Where the input gradient reads output channel `output` for kernel position (y, x), in the gradient tile.
    pub(crate) fn gradient_offset(&self, output: usize, y: usize, x: usize) -> u32 {
        let (_, down, right) = self.tap(y, x);
        let Border { top, left, .. } = self.gradient_border;
        let (row, column) = (top as isize - down, left as isize - right);
        (self.gradient.at(output, row as usize) + column as usize * self.lanes) as u32
    }

    /// Channels of which a register tile reads no more than the first cache holds.
    pub(crate) fn cached_channels(&self) -> usize {
        let width = self.window.output.width.clamp(1, TILE_WIDTH);
        let height = (TILE_VECTORS / width).min(self.window.output.height).max(1);
        let columns = match width == self.window.output.width {
            true => self.tile.row / self.lanes,
            false => width + self.left + self.right,
        };
        let patch = (self.tile.plane / self.tile.row).min(height + self.top + self.bottom) * columns;
        // 640 vectors are 40 KB of 64 bytes.
        (640 / patch).max(1)
    }
}

/// The part of `rows` below `height`.
fn clip(rows: &Range<usize>, height: usize) -> Range<usize> {
    rows.start.min(height)..rows.end.min(height)
}

/// Rows of a strip and `after` more that the strip before did not have.
fn fresh(strip: &Range<usize>, after: usize) -> Range<usize> {
    if strip.start == 0 { 0..strip.end + after } else { strip.start + after..strip.end + after }
}

/// The numbers of rows, which are in one piece.
fn run(layout: &Layout, rows: &Range<usize>) -> Range<usize> {
    let row = layout.grid().row;
    rows.start * row..rows.end * row
}

fn clear_sides(tile: &mut [f32], row: usize, left: usize, columns: usize) {
    for row in tile.chunks_exact_mut(row) {
        row[..left].fill(0.0);
        row[left + columns..].fill(0.0);
    }
}

/// Moves planes on to `strip`, with `before` and `after` rows around it, in an image of `height` rows; returns the rows that are new.
fn roll(
    tile: &mut [f32],
    grid: Grid,
    full: usize,
    (before, after): (usize, usize),
    height: usize,
    strip: &Range<usize>,
) -> Range<usize> {
    let fresh = fresh(strip, after);
    // Row `y` of the image is row `y + before - strip.start` of the tile.
    let place = |y: usize| (y + before - strip.start) * grid.row;
    // An only strip has its zeros below in the next plane.
    let end = place(fresh.end).min(grid.plane);
    let beyond = place(fresh.start.max(height).min(fresh.end)).min(end)..end;
    for plane in tile.chunks_exact_mut(grid.plane) {
        if strip.start == 0 {
            plane[..before * grid.row].fill(0.0);
        } else {
            plane.copy_within(full * grid.row..(full + before + after) * grid.row, 0);
        }
        plane[beyond.clone()].fill(0.0);
    }
    fresh
}
