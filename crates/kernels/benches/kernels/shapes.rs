//! What the benchmarks run on.

use rarefy_kernels::{Buffer, Grid, Isa};
use std::fmt::{Display, Formatter, Result};

/// The layers of one resolution.
#[derive(Clone, Copy)]
pub(crate) struct Stage {
    pub(crate) channels: usize,
    /// Height and width.
    pub(crate) side: usize,
    /// Share of the weights that exist.
    pub(crate) density: f64,
}

/// Of `cifar_resnet_20`.
const STAGES: [Stage; 3] = [
    Stage { channels: 16, side: 32, density: 0.19 },
    Stage { channels: 32, side: 16, density: 0.09 },
    Stage { channels: 64, side: 8, density: 0.045 },
];

/// A stage on an instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) isa: Isa,
    pub(crate) stage: Stage,
}

impl Case {
    /// Every stage at its density, best instruction set first.
    pub(crate) fn all() -> Vec<Self> {
        Isa::available().into_iter().flat_map(|isa| STAGES.map(|stage| Self { isa, stage })).collect()
    }

    /// Every stage with all weights.
    pub(crate) fn dense() -> Vec<Self> {
        let full = |case: Self| Self { stage: Stage { density: 1.0, ..case.stage }, ..case };
        Self::all().into_iter().map(full).collect()
    }

    /// Numbers of a row: a vector per pixel.
    pub(crate) fn columns(self) -> usize {
        self.stage.side * self.isa.lanes()
    }

    /// Planes side by side.
    pub(crate) fn grid(self) -> Grid {
        Grid { plane: self.stage.side * self.columns(), row: self.columns() }
    }

    /// Planes with a pixel of zeros around them.
    pub(crate) fn tile(self) -> Grid {
        let row = (self.stage.side + 2) * self.isa.lanes();
        Grid { plane: (self.stage.side + 2) * row, row }
    }

    /// All channels, placed as `grid` says.
    pub(crate) fn planes(self, grid: Grid, value: f32) -> Buffer {
        let mut planes = Buffer::zeros(self.stage.channels * grid.plane).expect("memory");
        planes.fill(value);
        planes
    }

    /// Bytes of so many sets of planes.
    pub(crate) fn bytes(self, sets: usize) -> usize {
        sets * self.stage.channels * self.grid().plane * size_of::<f32>()
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Stage { channels, side, density } = self.stage;
        write!(f, "{} {channels}x{side}x{side} {density}", self.isa.name())
    }
}
