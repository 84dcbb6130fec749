//! Planes with something forbidden between them.

use super::Numbers;
use rarefy_kernels::Grid;

/// A NaN that no computation makes.
pub(crate) const CANARY: u32 = 0x7fc0_dead;

/// How many numbers planes have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) channels: usize,
    pub(crate) rows: usize,
    /// Numbers of a row: whole vectors.
    pub(crate) columns: usize,
    /// Numbers of a vector.
    pub(crate) lanes: usize,
    /// Every so manieth vector belongs to a row.
    pub(crate) step: usize,
}

impl Size {
    /// Rows of `vectors` vectors side by side.
    pub(crate) fn new(channels: usize, rows: usize, vectors: usize, lanes: usize) -> Self {
        Self { channels, rows, columns: vectors * lanes, lanes, step: 1 }
    }

    /// The same with `step - 1` foreign vectors after each but the last.
    pub(crate) fn every(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// Numbers from the first of a row to the last.
    fn row(self) -> usize {
        (self.columns / self.lanes).checked_sub(1).map_or(0, |last| (last * self.step + 1) * self.lanes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.channels * self.rows * self.columns == 0
    }
}

/// Distances between what belongs to planes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gaps {
    /// Before the first plane.
    pub(crate) lead: usize,
    pub(crate) row: usize,
    pub(crate) plane: usize,
    /// The first rows of all planes come first, then all second rows.
    pub(crate) interleaved: bool,
}

/// Planes in the places that a grid says; everything else is [`CANARY`].
#[derive(Clone)]
pub(crate) struct Planes {
    data: Vec<f32>,
    lead: usize,
    pub(crate) grid: Grid,
    pub(crate) size: Size,
}

impl Planes {
    /// All canaries: an output whose old content must not matter. The slice ends with the last number of a plane.
    pub(crate) fn canaries(size: Size, gaps: Gaps) -> Self {
        let Gaps { lead, row, plane, interleaved } = gaps;
        let grid = match interleaved {
            true => Grid { plane: size.row() + plane, row: size.channels * (size.row() + plane) + row },
            false => Grid { plane: size.rows * (size.row() + row) + plane, row: size.row() + row },
        };
        let len = lead + grid.reach(size.channels, size.rows, size.row());
        Self { data: vec![f32::from_bits(CANARY); len], lead, grid, size }
    }

    /// Random numbers in the planes.
    pub(crate) fn random(numbers: &mut Numbers, size: Size, gaps: Gaps) -> Self {
        let mut planes = Self::canaries(size, gaps);
        planes.change(|_| numbers.next());
        planes
    }

    /// What a kernel is given.
    pub(crate) fn view(&self) -> &[f32] {
        &self.data[self.lead..]
    }

    /// What a kernel is given to write.
    pub(crate) fn view_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.lead..]
    }

    /// Place of number `i` of all.
    fn place(&self, i: usize) -> usize {
        let Size { rows, columns, lanes, step, .. } = self.size;
        let (line, x) = (i / columns, i % columns);
        self.lead + self.grid.at(line / rows, line % rows) + x / lanes * step * lanes + x % lanes
    }

    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let Size { channels, rows, columns, .. } = self.size;
        (0..channels * rows * columns).map(|i| self.place(i))
    }

    /// The planes without what is between them.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        self.places().map(|at| self.data[at]).collect()
    }

    /// Every number of the planes anew.
    pub(crate) fn change(&mut self, mut new: impl FnMut(f32) -> f32) {
        for i in 0..self.size.channels * self.size.rows * self.size.columns {
            let at = self.place(i);
            self.data[at] = new(self.data[at]);
        }
    }

    /// Some number becomes `x`.
    pub(crate) fn poison(&mut self, numbers: &mut Numbers, x: f32) {
        let at = self.place(numbers.below(self.size.channels * self.size.rows * self.size.columns));
        self.data[at] = x;
    }

    /// The absolute numbers.
    pub(crate) fn magnitude(&self) -> Self {
        Self { data: super::magnitudes(&self.data), ..self.clone() }
    }

    /// Nothing outside the planes was written.
    #[track_caller]
    pub(crate) fn assert_guarded(&self) {
        let mut inside = vec![false; self.data.len()];
        self.places().for_each(|at| inside[at] = true);
        for (i, (x, inside)) in self.data.iter().zip(inside).enumerate() {
            assert!(inside || x.to_bits() == CANARY, "wrote {x} at {i}, outside the planes");
        }
    }

    /// Nothing at all was written.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        assert!(self.data.iter().all(|x| x.to_bits() == CANARY), "wrote something");
    }
}
