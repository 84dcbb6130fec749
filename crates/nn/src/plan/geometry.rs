//! How a convolution reads shifted planes: phases of its stride, offsets of its taps, zeros around its tiles.

use super::layout::{Layout, Spacing, round_up};
use crate::graph::Extent;
use rarefy_core::WeightShape;
use rarefy_kernels::MAX_LANES;

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

    /// Least pitch and rows of the output's layout at which shifted reads of pixels never meet a neighbour's pixels.
    pub(crate) fn spacing(&self) -> Spacing {
        let (top, bottom) = self.margins(self.weight.kernel_h);
        let (left, right) = self.margins(self.weight.kernel_w);
        let least = |input: usize, output: usize, before: usize, after: usize| {
            (self.phase_len(input, 0) + before).max(output + after).max(output)
        };
        Spacing {
            pitch: least(self.input.width, self.output.width, left, right),
            rows: least(self.input.height, self.output.height, top, bottom),
        }
    }
}

/// Tiles and offsets of one convolution.
///
/// The *input tile* holds planes `[phase][channel]` placed as the output's layout places pixels, with zeros around; the
/// *gradient tile* holds the output channels' planes with zeros around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) window: Window,
    /// Phases (y, x) of the input that some tap reads.
    pub(crate) phases: Vec<(usize, usize)>,
    /// Row pitch shared by tiles and output.
    pub(crate) pitch: usize,
    /// Rows per sample shared by tiles and output.
    pub(crate) rows: usize,
    /// Samples per tile.
    pub(crate) samples: usize,
    /// Run of positions of the output.
    pub(crate) out_positions: usize,
    /// Run of positions of one phase of the input.
    pub(crate) in_positions: usize,
    /// Zeros before the first plane of the input tile.
    pub(crate) lead: usize,
    /// Distance of planes of the input tile.
    pub(crate) tile_stride: usize,
    /// Numbers of the input tile.
    pub(crate) tile_len: usize,
    /// Zeros before the first plane of the gradient tile.
    pub(crate) gradient_lead: usize,
    /// Distance of planes of the gradient tile.
    pub(crate) gradient_stride: usize,
    /// Numbers of the gradient tile.
    pub(crate) gradient_len: usize,
    /// Distance of planes of the input gradient.
    pub(crate) dx_stride: usize,
    /// Input planes are placed exactly as the input tile's: no relayout.
    pub(crate) direct: bool,
}

impl Geometry {
    /// Tiles for a window whose input and output are stored as given.
    pub(crate) fn new(window: Window, source: &Layout, output: &Layout, lanes: usize) -> Self {
        let (kh, kw) = (window.weight.kernel_h, window.weight.kernel_w);
        let (top, bottom) = window.margins(kh);
        let (left, right) = window.margins(kw);
        let mut phases = Vec::new();
        for y in 0..kh {
            for x in 0..kw {
                let phase = (window.shift(y).phase, window.shift(x).phase);
                if !phases.contains(&phase) {
                    phases.push(phase);
                }
            }
        }
        let Layout { pitch, rows, samples, .. } = *output;
        let phase_rows = window.phase_len(window.input.height, 0);
        let in_positions = round_up(((samples - 1) * rows + phase_rows) * pitch, lanes);
        let before = top * pitch + left;
        let after = bottom * pitch + right;
        let tile = |before: usize, after: usize, positions: usize, reach: usize, planes: usize| {
            let lead = round_up(before, MAX_LANES);
            let stride = round_up(lead.max(after) + positions, MAX_LANES);
            (lead, stride, planes * stride + lead + round_up(after + reach, MAX_LANES))
        };
        let planes = phases.len() * window.input.channels;
        let (lead, tile_stride, tile_len) = tile(before, after, in_positions, output.positions, planes);
        let (gradient_lead, gradient_stride, gradient_len) =
            tile(after, before, output.positions, in_positions, window.output.channels);
        let direct = window.stride == 1 && source.places_like(&Layout { extent: source.extent, ..*output })
            // The image itself may be larger or smaller than the output: then placement differs even at equal pitch.
            && (window.input.height, window.input.width) == (window.output.height, window.output.width)
            && in_positions == source.positions;
        Self {
            window,
            phases,
            pitch,
            rows,
            samples,
            out_positions: output.positions,
            in_positions,
            lead,
            tile_stride,
            tile_len,
            gradient_lead,
            gradient_stride,
            gradient_len,
            dx_stride: round_up(in_positions, MAX_LANES),
            direct,
        }
    }

    /// Phase index and shift in positions of kernel position (y, x).
    pub(crate) fn tap(&self, y: usize, x: usize) -> (usize, isize) {
        let (sy, sx) = (self.window.shift(y), self.window.shift(x));
        let phase = (sy.phase, sx.phase);
        let index = self.phases.iter().position(|&known| known == phase).unwrap_or(0);
        (index, sy.by * self.pitch as isize + sx.by)
    }

    /// Where the forward pass reads input channel `channel` for kernel position (y, x), in the input tile.
    pub(crate) fn input_offset(&self, channel: usize, y: usize, x: usize) -> u32 {
        let (phase, shift) = self.tap(y, x);
        let plane = phase * self.window.input.channels + channel;
        ((plane * self.tile_stride + self.lead) as isize + shift) as u32
    }

    /// Where the input gradient reads output channel `output` for kernel position (y, x), in the gradient tile.
    pub(crate) fn gradient_offset(&self, output: usize, y: usize, x: usize) -> u32 {
        let (_, shift) = self.tap(y, x);
        ((output * self.gradient_stride + self.gradient_lead) as isize - shift) as u32
    }

    /// Calls `plane(phase, offset in the source's plane, rows, pixels in a row)` for every phase of one sample: its pixels
    /// are the source's from that offset on, `stride` rows and `stride` columns apart.
    pub(crate) fn for_each_phase(
        &self,
        source: &Layout,
        sample: usize,
        mut plane: impl FnMut(usize, usize, usize, usize),
    ) {
        let input = self.window.input;
        for (phase, &(py, px)) in self.phases.iter().enumerate() {
            let (rows, pixels) =
                (self.window.phase_len(input.height, py), self.window.phase_len(input.width, px));
            // A map of one row or column has no pixels in the odd phases, and may end before them.
            if rows * pixels > 0 {
                plane(phase, source.row(sample, py) + px, rows, pixels);
            }
        }
    }
}
