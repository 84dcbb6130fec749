//! One layer's non-zeros in the order each kernel wants them.

use super::geometry::Geometry;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_core::{Block, Pattern, WeightShape};
use rarefy_kernels::{Taps, gradient_vectors, tile_taps, tile_vectors};
use std::ops::Range;

/// Stands for a position without a weight in a layer that runs as dense.
pub(crate) const NO_WEIGHT: u32 = u32::MAX;

/// What one number per dense position is for.
const POSITIONS: &str = "an index of a layer's positions";

/// Share of existing weights above which a layer runs as dense: 4 rows share each load, so half the work is free.
const RUN_AS_DENSE: f64 = 0.5;

/// Taps of one direction: structure in kernel order, and where each packed value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) rows: usize,
    /// Groups of `rows` planes; `starts` has all of them for every block of planes that are read.
    pub(crate) groups: usize,
    pub(crate) starts: Vec<u32>,
    pub(crate) offsets: Vec<u32>,
    /// Canonical index of each packed value, or [`NO_WEIGHT`].
    pub(crate) order: Vec<u32>,
}

impl Packed {
    pub(crate) fn taps<'a>(&'a self, values: &'a [f32]) -> Taps<'a> {
        Taps { rows: self.rows, groups: self.groups, starts: &self.starts, offsets: &self.offsets, values }
    }

    /// Gathers a column of the layer into packed order.
    pub(crate) fn refresh(&self, column: &[f32], packed: &mut [f32]) {
        for (packed, &source) in packed.iter_mut().zip(&self.order) {
            *packed = column.get(source as usize).copied().unwrap_or(0.0);
        }
    }

    /// Sums partial gradients `[chunk][packed weight]` into a column of the layer, in the order of the chunks; padding of a layer that
    /// runs as dense is skipped.
    pub(crate) fn reduce(&self, partials: &[f32], column: &mut [f32]) {
        let weights = self.order.len();
        for (i, &target) in self.order.iter().enumerate() {
            if let Some(gradient) = column.get_mut(target as usize) {
                *gradient = partials.iter().skip(i).step_by(weights).sum();
            }
        }
    }
}

/// Which kernel instance each direction of a layer uses, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerPath {
    /// Parameter name.
    pub name: String,
    /// Forward pass.
    pub forward: String,
    /// Gradient with respect to the input.
    pub input_grad: String,
    /// Gradient with respect to the weights.
    pub weight_grad: String,
}

/// A layer ready to run: a pure function of its pattern and geometry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompiledLayer {
    /// Forward pass and weight gradient.
    pub(crate) forward: Packed,
    /// Input gradient: groups of input planes `[phase][channel]`.
    pub(crate) transposed: Packed,
    /// The layer runs over all positions, with zeros where no weight is.
    pub(crate) as_dense: bool,
}

impl CompiledLayer {
    pub(crate) fn new(pattern: &Pattern, geometry: &Geometry) -> Result<Self, OutOfMemory> {
        let mut layer = Self::default();
        layer.compile(pattern, geometry, &mut Vec::new())?;
        Ok(layer)
    }

    /// Forward pass (and weight gradient), then input gradient: the order of packed values in [`super::Weights`].
    pub(crate) fn directions(&self) -> [&Packed; 2] {
        [&self.forward, &self.transposed]
    }

    /// Makes room for patterns of up to `weights` existing weights.
    pub(crate) fn reserve(
        &mut self,
        pattern: &Pattern,
        geometry: &Geometry,
        weights: usize,
    ) -> Result<(), OutOfMemory> {
        let (shape, block) = (pattern.shape(), pattern.block());
        let dense = runs_as_dense(weights as f64 / shape.len() as f64);
        let weights = if dense { shape.len() } else { weights };
        self.make_room(shape, [block.rows, block.columns], geometry, weights)
    }

    /// Makes room for `weights` packed values in units of so many outputs and inputs.
    fn make_room(
        &mut self,
        shape: WeightShape,
        units: [usize; 2],
        geometry: &Geometry,
        weights: usize,
    ) -> Result<(), OutOfMemory> {
        let inputs = geometry.read * shape.inputs;
        for (packed, planes, read, unit) in [
            (&mut self.forward, shape.outputs, inputs, units[0]),
            (&mut self.transposed, inputs, shape.outputs, units[1]),
        ] {
            let what = "the taps of a layer";
            memory::reserve(&mut packed.order, weights, what)?;
            memory::reserve(&mut packed.offsets, weights / group_rows(unit), what)?;
            let blocks = read.div_ceil(geometry.cached_channels());
            memory::reserve(&mut packed.starts, blocks * (planes / group_rows(unit)) + 1, what)?;
        }
        Ok(())
    }

    /// Compiles a pattern of the layer anew. `index` is scratch, one number per dense position: with room in it and in the
    /// layer (see [`CompiledLayer::reserve`]) nothing is allocated.
    pub(crate) fn compile(
        &mut self,
        pattern: &Pattern,
        geometry: &Geometry,
        index: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(index, pattern.shape().len(), POSITIONS)?;
        self.as_dense = runs_as_dense(pattern.fraction());
        index.clear();
        index.resize(pattern.shape().len(), NO_WEIGHT);
        for (canonical, dense) in pattern.iter_dense_indices().enumerate() {
            index[dense] = canonical as u32;
        }
        self.arrange(pattern.shape(), pattern.block(), geometry, index)
    }

    /// Compiles the layer with every weight, each packed value taken from its row-major index. Allocates
    /// nothing after it has compiled a layer as large.
    pub(crate) fn compile_full(
        &mut self,
        shape: WeightShape,
        geometry: &Geometry,
        index: &mut Vec<u32>,
    ) -> Result<(), OutOfMemory> {
        memory::reserve(index, shape.len(), POSITIONS)?;
        self.as_dense = true;
        index.clear();
        index.extend(0..shape.len() as u32);
        self.arrange(shape, Block::UNSTRUCTURED, geometry, index)
    }

    /// Puts the weights that `index` gives a place for (by row-major index) in the order of each direction.
    fn arrange(
        &mut self,
        shape: WeightShape,
        block: Block,
        geometry: &Geometry,
        index: &[u32],
    ) -> Result<(), OutOfMemory> {
        let as_dense = self.as_dense;
        let weight = |output: usize, input: usize, y: usize, x: usize| {
            index[((output * shape.inputs + input) * shape.kernel_h + y) * shape.kernel_w + x]
        };
        let existing = index.iter().filter(|&&weight| weight != NO_WEIGHT).count();
        let unit = |extent: usize, block: usize| group_rows(if as_dense { extent } else { block });
        let phases = geometry.read;
        let weights = if as_dense { shape.len() } else { existing };
        let units = match as_dense {
            true => [shape.outputs, shape.inputs],
            false => [block.rows, block.columns],
        };
        self.make_room(shape, units, geometry, weights)?;
        let Self { forward, transposed, .. } = self;
        let rows = unit(shape.outputs, block.rows);
        forward.restart(rows, shape.outputs / rows);
        for planes in blocks(geometry, phases * shape.inputs, existing * rows / shape.outputs) {
            for first in (0..shape.outputs).step_by(rows) {
                for (phase, input) in planes.clone().map(|plane| (plane / shape.inputs, plane % shape.inputs))
                {
                    for (y, x) in kernel(shape).filter(|&(y, x)| geometry.tap(y, x).0 == phase) {
                        let offset = geometry.input_offset(input, y, x);
                        forward.push(as_dense, offset, |r| weight(first + r, input, y, x));
                    }
                }
                forward.starts.push(forward.offsets.len() as u32);
            }
        }
        let rows = unit(shape.inputs, block.columns);
        transposed.restart(rows, phases * shape.inputs / rows);
        for outputs in blocks(geometry, shape.outputs, existing * rows / (phases * shape.inputs)) {
            for phase in 0..phases {
                for first in (0..shape.inputs).step_by(rows) {
                    for output in outputs.clone() {
                        for (y, x) in kernel(shape).filter(|&(y, x)| geometry.tap(y, x).0 == phase) {
                            let offset = geometry.gradient_offset(output, y, x);
                            transposed.push(as_dense, offset, |r| weight(output, first + r, y, x));
                        }
                    }
                    transposed.starts.push(transposed.offsets.len() as u32);
                }
            }
        }
        Ok(())
    }

    /// Names of the kernel instances: kind, then rows x vectors (or rows x taps) of the register tile.
    pub(crate) fn path(&self, name: &str, block_len: usize, registers: usize) -> LayerPath {
        let kind = match (self.as_dense, block_len) {
            (true, _) => "dense",
            (false, 1) => "sparse",
            (false, _) => "block",
        };
        let (f, t) = (self.forward.rows, self.transposed.rows);
        LayerPath {
            name: name.to_owned(),
            forward: format!("{kind} {f}x{}", tile_vectors(registers, f)),
            input_grad: format!("{kind} {t}x{}", tile_vectors(registers, t)),
            weight_grad: match f {
                4 => format!("{kind} {f}x{} taps", tile_taps(registers)),
                _ => format!("{kind} {f}x{}", gradient_vectors(registers, f)),
            },
        }
    }
}

impl Packed {
    /// Empties it, for `groups` groups of `rows` planes.
    fn restart(&mut self, rows: usize, groups: usize) {
        (self.rows, self.groups) = (rows, groups);
        for list in [&mut self.starts, &mut self.offsets, &mut self.order] {
            list.clear();
        }
        self.starts.push(0);
    }

    /// Adds one tap for a group of rows, unless none of its weights exists.
    fn push(&mut self, as_dense: bool, offset: u32, weight: impl Fn(usize) -> u32) {
        if as_dense || weight(0) != NO_WEIGHT {
            self.offsets.push(offset);
            self.order.extend((0..self.rows).map(weight));
        }
    }
}

/// Kernel positions (y, x), row by row.
fn kernel(shape: WeightShape) -> impl Iterator<Item = (usize, usize)> {
    (0..shape.kernel_h).flat_map(move |y| (0..shape.kernel_w).map(move |x| (y, x)))
}

/// Taps of a group in a block, at least, on average: fewer do not pay for loading and storing the group's sums.
const BLOCK_TAPS: usize = 8;

/// Cuts `planes` that are read into blocks that the first cache holds, unless too few of a group's `taps` would be in each.
fn blocks(geometry: &Geometry, planes: usize, taps: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let most = (taps / BLOCK_TAPS).max(1);
    let parts = planes.div_ceil(geometry.cached_channels()).min(most).max(1);
    let size = planes.div_ceil(parts).max(1);
    (0..planes).step_by(size).map(move |start| start..(start + size).min(planes))
}

/// Packed values of a layer with `pattern`.
pub(crate) fn packed_len(pattern: &Pattern) -> usize {
    if runs_as_dense(pattern.fraction()) { pattern.shape().len() } else { pattern.nnz() }
}

fn runs_as_dense(fraction: f64) -> bool {
    fraction > RUN_AS_DENSE
}

/// Rows of the kernel that divide a block (or, for a dense layer, the number of channels).
fn group_rows(extent: usize) -> usize {
    [4, 2].into_iter().find(|&rows| extent.is_multiple_of(rows)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(order: Vec<u32>) -> Packed {
        Packed { order, ..Packed::default() }
    }

    /// Floating-point addition is not associative: another order of chunks shows.
    #[test]
    fn partial_gradients_are_summed_chunk_by_chunk_where_weights_are() {
        let layer = packed(vec![2, NO_WEIGHT, 0]);
        // The second chunk's first number is lost in the first's, the third takes the first away.
        let partials = [1e8, 9.0, 1.0, 1.0, 9.0, 2.0, -1e8, 9.0, 4.0];
        let mut column = [5.0, 6.0, 7.0, 8.0];
        layer.reduce(&partials, &mut column);
        assert_eq!(column, [7.0, 6.0, 0.0, 8.0], "gradients that the order does not name stay");
    }

    #[test]
    fn no_chunk_at_all_is_a_gradient_of_zero() {
        let mut column = [5.0; 3];
        packed(vec![2, 0, 1]).reduce(&[], &mut column);
        assert_eq!(column, [0.0; 3]);
    }
}
