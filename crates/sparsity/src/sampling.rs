//! Where the weights are: positions drawn without replacement.

use crate::{Layer, SparsityError};
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern, memory};

/// Draws `counts[l]` blocks of layer `l` uniformly without replacement; a block is [`Block::fit`] to its layer.
///
/// A pure function of (`mask_seed`, [`Purpose::Mask`], layer index) and the layer's shape, block and count: other layers,
/// threads and earlier draws have no influence. Time is linear in the smaller of the drawn and the left-out blocks, plus
/// a bit per position. `counts` may be 0; errors are a wrong number of counts, a bad shape or block, or a count above the
/// layer's capacity.
pub fn sample(
    layers: &[Layer],
    counts: &[u64],
    block: Block,
    mask_seed: u64,
) -> Result<Vec<Pattern>, SparsityError> {
    if layers.len() != counts.len() {
        return Err(SparsityError::Length { what: "count", expected: layers.len(), found: counts.len() });
    }
    if block.is_empty() {
        return Err(SparsityError::Block { found: block });
    }
    let draws = (0..).zip(layers).zip(counts);
    draws.map(|((index, layer), &count)| sample_layer(index, layer, count, block, mask_seed)).collect()
}

fn sample_layer(
    index: u64,
    layer: &Layer,
    count: u64,
    block: Block,
    mask_seed: u64,
) -> Result<Pattern, SparsityError> {
    let named = |source| SparsityError::Layer { layer: layer.name.clone(), source };
    let block = block.fit(layer.shape);
    Pattern::check(layer.shape, block).map_err(named)?;
    let capacity = layer.weights() / block.len() as u64;
    if count > capacity {
        return Err(SparsityError::Capacity { layer: layer.name.clone(), capacity, found: count });
    }
    if count == capacity {
        return Pattern::full(layer.shape, block).map_err(named);
    }
    // The positions, their pattern, and a bit for each that could be.
    memory::check_large(8 * count + capacity / 8, "drawing the positions of a layer")?;
    // A valid shape has fewer than 2^31 positions.
    let positions = Stream::new(mask_seed, Purpose::Mask, index).choose(capacity as u32, count as u32);
    Pattern::from_positions(layer.shape, block, &positions).map_err(named)
}

/// Draws every block for itself, with the density of its layer: the published draws, whose counts are random.
///
/// A pure function of (`mask_seed`, [`Purpose::Mask`], layer index), as [`sample`] is. A layer of density 1 is full.
///
/// # Errors
/// A wrong number of densities, a bad shape or block, a layer that gets no block.
pub fn sample_bernoulli(
    layers: &[Layer],
    densities: &[f64],
    block: Block,
    mask_seed: u64,
) -> Result<Vec<Pattern>, SparsityError> {
    if layers.len() != densities.len() {
        return Err(SparsityError::Length {
            what: "density",
            expected: layers.len(),
            found: densities.len(),
        });
    }
    if block.is_empty() {
        return Err(SparsityError::Block { found: block });
    }
    let draw = |((index, layer), &density): ((u64, &Layer), &f64)| {
        let named = |source| SparsityError::Layer { layer: layer.name.clone(), source };
        let block = block.fit(layer.shape);
        Pattern::check(layer.shape, block).map_err(named)?;
        let mut stream = Stream::new(mask_seed, Purpose::Mask, index);
        let blocks = (layer.weights() / block.len() as u64) as u32;
        // As many as that only if all are drawn; the list's room doubles as it grows.
        let likely = (f64::from(blocks) * density.clamp(0.0, 1.0)) as u64;
        memory::check_large(3 * 4 * likely, "drawing the positions of a layer")?;
        let positions: Vec<u32> = (0..blocks).filter(|_| stream.uniform() < density).collect();
        if positions.is_empty() {
            return Err(SparsityError::EmptyDraw { layer: layer.name.clone() });
        }
        Pattern::from_positions(layer.shape, block, &positions).map_err(named)
    };
    (0..).zip(layers).zip(densities).map(draw).collect()
}
