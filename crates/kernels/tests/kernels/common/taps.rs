//! Layers: taps over shifted planes of a tile.

use super::{CANARY, Gaps, Numbers, Planes, Size};
use proptest::prelude::*;
use rarefy_kernels::{Ahead, Epilogue, Grid, Isa, Taps, Write};

/// How many of the possible taps exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Density {
    Zero,
    OneTap,
    Half,
    /// As [`Density::Full`], but one group has none.
    EmptyGroup,
    /// As [`Density::Full`], but one block has none.
    EmptyBlock,
    Full,
}

impl Density {
    pub(crate) const ALL: [Self; 6] =
        [Self::Zero, Self::OneTap, Self::Half, Self::EmptyGroup, Self::EmptyBlock, Self::Full];
}

/// What a layer is drawn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Output planes in a group.
    pub(crate) unit: usize,
    pub(crate) groups: usize,
    /// The input planes are dealt to so many blocks.
    pub(crate) blocks: usize,
    /// Input planes; each is read at 3 x 3 shifts.
    pub(crate) channels: usize,
    /// Rows of an output plane.
    pub(crate) rows: usize,
    /// Vectors of a row.
    pub(crate) vectors: usize,
    pub(crate) density: Density,
    pub(crate) seed: u64,
}

impl Shape {
    /// A layer of two full groups over one block.
    pub(crate) fn full(unit: usize, channels: usize, rows: usize, vectors: usize) -> Self {
        let density = Density::Full;
        Self {
            unit,
            groups: 2,
            blocks: 1,
            channels,
            rows,
            vectors,
            density,
            seed: (rows * 31 + vectors) as u64,
        }
    }
}

/// Any small shape: up to `rows` rows and `vectors` vectors. Blocks may be more than channels: some are empty then.
pub(crate) fn layer(rows: usize, vectors: usize) -> impl Strategy<Value = Shape> {
    let unit = proptest::sample::select(vec![1, 2, 4]);
    let density = proptest::sample::select(Density::ALL.to_vec());
    (unit, 1..=3usize, 1..=4usize, 1..=4usize, 1..=rows, 1..=vectors, density, any::<u64>()).prop_map(
        |(unit, groups, blocks, channels, rows, vectors, density, seed)| Shape {
            unit,
            groups,
            blocks,
            channels,
            rows,
            vectors,
            density,
            seed,
        },
    )
}

/// Taps with values and the input they read, which is a canary wherever they do not.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) unit: usize,
    pub(crate) groups: usize,
    pub(crate) starts: Vec<u32>,
    pub(crate) offsets: Vec<u32>,
    pub(crate) values: Vec<f32>,
    pub(crate) input: Vec<f32>,
    pub(crate) input_row: usize,
    /// Of the output planes.
    pub(crate) size: Size,
    pub(crate) gaps: Gaps,
}

impl Layer {
    pub(crate) fn new(shape: Shape, lanes: usize) -> Self {
        let Shape { unit, groups, blocks, channels, rows, vectors, density, seed } = shape;
        let mut numbers = Numbers::new(seed);
        // Odd distances: no plane and few rows are aligned.
        let input_row = (vectors + 2) * lanes + numbers.below(20);
        let plane = (rows + 2) * input_row + 5;
        let offset =
            |channel: usize, shift: usize| channel * plane + 3 + shift / 3 * input_row + shift % 3 * lanes;
        let (chosen, chosen_block) = (numbers.below(groups), numbers.below(blocks));
        let only = (numbers.below(channels), numbers.below(9));
        let (mut starts, mut offsets) = (vec![0], Vec::new());
        for block in 0..blocks {
            for group in 0..groups {
                for channel in (0..channels).filter(|channel| channel * blocks / channels == block) {
                    offsets.extend((0..9).filter_map(|shift| {
                        let exists = match density {
                            Density::Zero => false,
                            Density::OneTap => group == chosen && (channel, shift) == only,
                            Density::Half => numbers.below(2) == 0,
                            Density::EmptyGroup => group != chosen,
                            Density::EmptyBlock => block != chosen_block,
                            Density::Full => true,
                        };
                        exists.then_some(offset(channel, shift) as u32)
                    }));
                }
                starts.push(offsets.len() as u32);
            }
        }
        let mut layer = Self {
            unit,
            groups,
            starts,
            values: numbers.list(offsets.len() * unit),
            offsets,
            input: vec![],
            input_row,
            size: Size::new(groups * unit, rows, vectors, lanes),
            gaps: numbers.gaps(),
        };
        layer.fill(&mut numbers);
        layer
    }

    /// Random numbers in all that the taps read; the input ends where the last of them does.
    pub(crate) fn fill(&mut self, numbers: &mut Numbers) {
        let reads: Vec<usize> = self.offsets.iter().flat_map(|&offset| self.reads(offset)).collect();
        self.input = vec![f32::from_bits(CANARY); reads.iter().max().map_or(0, |&last| last + 1)];
        for at in reads {
            if self.input[at].to_bits() == CANARY {
                self.input[at] = numbers.next();
            }
        }
    }

    /// Places in the input that a tap with this offset reads.
    fn reads(&self, offset: u32) -> impl Iterator<Item = usize> + use<> {
        let (row, columns) = (self.input_row, self.size.columns);
        (0..self.size.rows).flat_map(move |y| (0..columns).map(move |x| offset as usize + y * row + x))
    }

    /// Something that a tap reads, if there are taps, becomes `x`.
    pub(crate) fn poison(&mut self, numbers: &mut Numbers, x: f32) {
        if let Some(&offset) = self.offsets.get(numbers.below(self.offsets.len())) {
            let nth = numbers.below(self.size.rows * self.size.columns);
            let at = self.reads(offset).nth(nth).expect("one of the reads");
            self.input[at] = x;
        }
    }

    pub(crate) fn taps(&self) -> Taps<'_> {
        let Self { unit, groups, starts, offsets, values, .. } = self;
        Taps { rows: *unit, groups: *groups, starts, offsets, values }
    }

    /// Output planes, or the gradient's, to write to.
    pub(crate) fn canaries(&self) -> Planes {
        Planes::canaries(self.size, self.gaps)
    }

    /// Random numbers in the gradient's planes.
    pub(crate) fn gradient(&self, numbers: &mut Numbers) -> Planes {
        Planes::random(numbers, self.size, self.gaps)
    }

    /// The same layer with absolute numbers.
    pub(crate) fn magnitude(&self) -> Self {
        let values = super::magnitudes(&self.values);
        Self { values, input: super::magnitudes(&self.input), ..self.clone() }
    }

    /// Most taps of a group over all blocks: the length of the sums.
    pub(crate) fn longest(&self) -> usize {
        let taps = |group: usize| -> u32 {
            self.starts.windows(2).skip(group).step_by(self.groups).map(|range| range[1] - range[0]).sum()
        };
        (0..self.groups).map(taps).max().unwrap_or(0) as usize
    }
}

/// Numbers for the sums between blocks: NaN, which a sum that is not of this call would show.
pub(crate) fn partial() -> Vec<f32> {
    vec![f32::NAN; 1 << 16]
}

/// [`rarefy_kernels::spmm`] through the caches, with room between blocks and nothing ahead.
pub(crate) fn spmm(
    isa: Isa,
    taps: Taps<'_>,
    input: &[f32],
    input_row: usize,
    output: &mut [f32],
    grid: Grid,
    rows: usize,
    columns: usize,
    epilogue: Epilogue<'_>,
) {
    let (write, mut room, ahead) = (Write::Cached, partial(), Ahead::default());
    let partial = &mut room;
    rarefy_kernels::spmm(
        isa, taps, input, input_row, output, grid, rows, columns, epilogue, write, partial, ahead,
    );
}
