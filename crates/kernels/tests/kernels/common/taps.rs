//! Layers: taps over shifted planes of a tile.

use super::{CANARY, Numbers};
use proptest::prelude::*;
use rarefy_kernels::Taps;

/// How many of the possible taps exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Density {
    Zero,
    OneTap,
    Half,
    /// As [`Density::Full`], but one group has none.
    EmptyGroup,
    Full,
}

impl Density {
    pub(crate) const ALL: [Self; 5] = [Self::Zero, Self::OneTap, Self::Half, Self::EmptyGroup, Self::Full];
}

/// What a layer is drawn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Output planes in a group.
    pub(crate) rows: usize,
    pub(crate) groups: usize,
    /// Input planes; each is read at 3 x 3 shifts.
    pub(crate) channels: usize,
    /// Numbers between neighbouring rows of a plane.
    pub(crate) pitch: usize,
    /// Vectors of positions.
    pub(crate) vectors: usize,
    /// Numbers between the end of an output plane and the next.
    pub(crate) gap: usize,
    pub(crate) density: Density,
    pub(crate) seed: u64,
}

/// Any small shape: up to `vectors` vectors of positions.
pub(crate) fn layer(vectors: usize) -> impl Strategy<Value = Shape> {
    let rows = proptest::sample::select(vec![1, 2, 4]);
    let density = proptest::sample::select(Density::ALL.to_vec());
    (rows, 1..=3usize, 1..=3usize, 3..=9usize, 1..=vectors, 0..=19usize, density, any::<u64>()).prop_map(
        |(rows, groups, channels, pitch, vectors, gap, density, seed)| Shape {
            rows,
            groups,
            channels,
            pitch,
            vectors,
            gap,
            density,
            seed,
        },
    )
}

/// Taps with values and the input they read, which is a canary wherever they do not.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) rows: usize,
    pub(crate) starts: Vec<u32>,
    pub(crate) offsets: Vec<u32>,
    pub(crate) values: Vec<f32>,
    pub(crate) input: Vec<f32>,
    pub(crate) positions: usize,
    /// Distance of output planes.
    pub(crate) stride: usize,
    pub(crate) outputs: usize,
}

impl Layer {
    pub(crate) fn new(shape: Shape, lanes: usize) -> Self {
        let Shape { rows, groups, channels, pitch, vectors, gap, density, seed } = shape;
        let mut numbers = Numbers::new(seed);
        let positions = vectors * lanes;
        // Odd numbers everywhere: no plane is aligned.
        let plane = positions + 2 * pitch + 2 + 5;
        let possible: Vec<u32> =
            (0..channels * 9).map(|i| (i / 9 * plane + 3 + i % 9 / 3 * pitch + i % 3) as u32).collect();
        let chosen = numbers.below(groups);
        let (mut starts, mut offsets) = (vec![0], Vec::new());
        for group in 0..groups {
            match density {
                Density::Zero => {}
                Density::OneTap if group == chosen => offsets.push(possible[numbers.below(possible.len())]),
                Density::EmptyGroup if group == chosen => {}
                Density::OneTap => {}
                Density::Half => offsets.extend(possible.iter().filter(|_| numbers.below(2) == 0)),
                Density::EmptyGroup | Density::Full => offsets.extend(&possible),
            }
            starts.push(offsets.len() as u32);
        }
        let values = numbers.list(offsets.len() * rows);
        let len = offsets.iter().max().map_or(0, |&last| last as usize) + positions;
        let mut input = vec![f32::from_bits(CANARY); len];
        let mut layer = Self {
            rows,
            starts,
            offsets,
            values,
            input: vec![],
            positions,
            stride: positions + gap,
            outputs: groups * rows,
        };
        for &offset in &layer.offsets {
            for x in &mut input[offset as usize..offset as usize + positions] {
                if x.to_bits() == CANARY {
                    *x = numbers.next();
                }
            }
        }
        layer.input = input;
        layer
    }

    pub(crate) fn taps(&self) -> Taps<'_> {
        Taps { rows: self.rows, starts: &self.starts, offsets: &self.offsets, values: &self.values }
    }

    /// The same layer with absolute numbers.
    pub(crate) fn magnitude(&self) -> Self {
        let values = super::magnitudes(&self.values);
        Self { values, input: super::magnitudes(&self.input), ..self.clone() }
    }

    /// Most taps of a group: the length of the sums.
    pub(crate) fn longest(&self) -> usize {
        self.starts.windows(2).map(|range| (range[1] - range[0]) as usize).max().unwrap_or(0)
    }
}
