//! Work of `spmm` and `sddmm`: a few planes read at shifts, as a 3x3 convolution does.

use crate::{Buffer, Epilogue, GradientPlanes, Isa, MAX_LANES, Shifts, Taps, sddmm, spmm};

/// Input planes; each is read at 9 shifts.
const CHANNELS: usize = 8;
/// Output planes.
const OUTPUTS: usize = 16;
/// Numbers from row to row: odd, so that most loads are not aligned, as in layouts without shifts.
const PITCH: usize = 33;
/// Vectors of a plane of `sddmm`.
const VECTORS: usize = 16;
/// Taps of a group of outputs in `spmm`: the fan-in of 128 channels at density 0.02.
const TAPS: usize = 24;

#[derive(Debug)]
pub(super) struct Products {
    rows: usize,
    shifts: Shifts,
    starts: Vec<u32>,
    offsets: Vec<u32>,
    values: Vec<f32>,
    input: Buffer,
    /// Output planes, or the gradient's.
    planes: Buffer,
    positions: usize,
    stride: usize,
    /// Of the weight gradient; empty for `spmm`.
    accumulators: Buffer,
}

impl Products {
    pub(super) fn spmm(isa: Isa, rows: usize, vectors: usize) -> Self {
        Self::new(isa, rows, vectors, TAPS)
    }

    pub(super) fn sddmm(isa: Isa, rows: usize, taps: usize) -> Self {
        let mut products = Self::new(isa, rows, VECTORS, taps);
        products.accumulators = Buffer::zeros(products.values.len() * isa.lanes());
        products
    }

    fn new(isa: Isa, rows: usize, vectors: usize, taps: usize) -> Self {
        let positions = vectors * isa.lanes();
        let plane = (positions + 2 * PITCH + 2).next_multiple_of(MAX_LANES);
        let groups = OUTPUTS / rows;
        // Every group has other taps: a walk through all of them with a step that has no common divisor with their number.
        let offset = |tap: usize| {
            let tap = tap * 29 % (CHANNELS * 9);
            (tap / 9 * plane + tap % 9 / 3 * PITCH + tap % 3) as u32
        };
        let offsets: Vec<u32> = (0..groups * taps).map(offset).collect();
        let mut input = Buffer::zeros(CHANNELS * plane);
        input.fill(0.5);
        let mut planes = Buffer::zeros(OUTPUTS * plane);
        planes.fill(0.25);
        Self {
            rows,
            shifts: Shifts::none(),
            starts: (0..=groups).map(|group| (group * taps) as u32).collect(),
            values: vec![0.125; offsets.len() * rows],
            offsets,
            input,
            planes,
            positions,
            stride: plane,
            accumulators: Buffer::default(),
        }
    }

    pub(super) fn run(&mut self, isa: Isa) {
        let Self { rows, shifts, starts, offsets, values, input, planes, positions, stride, accumulators } =
            self;
        let taps = Taps { rows: *rows, shifts, starts, offsets, values };
        if accumulators.is_empty() {
            spmm(isa, taps, input, planes, *stride, *positions, Epilogue::Store);
        } else {
            let gradient = GradientPlanes { planes, lead: 0, stride: *stride };
            sddmm(isa, taps, gradient, input, *positions, usize::MAX, &mut [], accumulators);
        }
    }

    pub(super) fn multiply_adds(&self) -> usize {
        self.values.len() * self.positions
    }

    /// Every tap loads its run of the input; the planes are written once, or loaded once for every set of taps.
    pub(super) fn bytes(&self, isa: Isa) -> usize {
        let numbers = self.offsets.len() * self.positions + OUTPUTS * self.positions;
        let sums = if self.accumulators.is_empty() { 0 } else { 2 * self.values.len() * isa.lanes() };
        (numbers + sums) * size_of::<f32>()
    }
}
