//! Positions: pinned, uniform, independent of other layers, and fast at both ends.

mod common;

use rarefy_core::{Block, Pattern, PatternError};
use rarefy_sparsity::sampling::sample;
use rarefy_sparsity::{Layer, SparsityError};

const SINGLE: Block = Block::UNSTRUCTURED;

fn positions(pattern: &Pattern) -> Vec<u32> {
    pattern.iter_positions().collect()
}

#[test]
fn masks_are_pinned() {
    // The same numbers as an independent implementation of ChaCha8 and Floyd's sampling gives.
    let layers = [Layer::conv("conv", 4, 3, 3, 3), Layer::linear("fc", 4, 3)];
    let patterns = sample(&layers, &[7, 9], SINGLE, 17).unwrap();
    assert_eq!(positions(&patterns[0]), PINNED_CONV);
    assert_eq!(positions(&patterns[1]), PINNED_FC);
    let blocks = sample(&layers, &[5, 1], Block { rows: 2, columns: 3 }, 17).unwrap();
    assert_eq!(positions(&blocks[0]), PINNED_BLOCKS);
}

const PINNED_CONV: [u32; 7] = [35, 52, 59, 76, 83, 95, 99];
const PINNED_FC: [u32; 9] = [0, 1, 3, 4, 6, 7, 8, 10, 11];
const PINNED_BLOCKS: [u32; 5] = [5, 9, 12, 13, 16];

#[test]
fn a_layer_depends_on_seed_and_index_but_not_on_other_layers() {
    let layer = |outputs| Layer::conv("conv", outputs, 8, 3, 3);
    let mask = |layers: &[Layer], counts: &[u64], seed| sample(layers, counts, SINGLE, seed).unwrap();
    let alone = mask(&[layer(8), layer(8)], &[50, 50], 1);
    let others = mask(&[layer(3), layer(8), layer(5)], &[20, 50, 70], 1);
    assert_eq!(alone[1], others[1]);
    assert_ne!(alone[0], alone[1], "each index has its own stream");
    assert_ne!(alone, mask(&[layer(8), layer(8)], &[50, 50], 2), "each seed has its own masks");
}

#[test]
fn every_position_is_drawn_about_equally_often() {
    let layers = [Layer::conv("conv", 4, 2, 3, 1)];
    let mut drawn = [0u32; 24];
    for seed in 0..6000 {
        for position in positions(&sample(&layers, &[8], SINGLE, seed).unwrap()[0]) {
            drawn[position as usize] += 1;
        }
    }
    // Expected 2000, standard deviation 37.
    assert!(drawn.iter().all(|&times| times.abs_diff(2000) < 160), "{drawn:?}");
}

#[test]
fn counts_from_none_to_all_are_met() {
    let layers = [Layer::conv("conv", 6, 4, 3, 3)];
    let block = Block { rows: 4, columns: 4 };
    for count in 0..=27 {
        let pattern = sample(&layers, &[count], block, 3).unwrap().remove(0);
        assert_eq!((pattern.blocks() as u64, pattern.block()), (count, Block { rows: 2, columns: 4 }));
    }
}

#[test]
fn large_layers_are_quick_near_empty_and_near_full() {
    let layers = [Layer::linear("fc", 4096, 4096)];
    for count in [1, 10_000, (1 << 24) - 10_000, (1 << 24) - 1, 1 << 24] {
        let pattern = sample(&layers, &[count], SINGLE, 0).unwrap().remove(0);
        assert_eq!(pattern.nnz() as u64, count);
    }
}

#[test]
fn impossible_samples_are_refused() {
    let layers = [Layer::linear("fc", 3, 4)];
    let refused = |counts: &[u64], block| sample(&layers, counts, block, 0).unwrap_err();
    assert_eq!(
        refused(&[13], SINGLE),
        SparsityError::Capacity { layer: "fc".into(), capacity: 12, found: 13 }
    );
    assert_eq!(refused(&[1, 1], SINGLE), SparsityError::Length { what: "count", expected: 1, found: 2 });
    let empty = Block { rows: 1, columns: 0 };
    assert_eq!(refused(&[1], empty), SparsityError::Block { found: empty });
    let shape = Layer::linear("none", 0, 4);
    let error = sample(std::slice::from_ref(&shape), &[0], SINGLE, 0).unwrap_err();
    assert_eq!(
        error,
        SparsityError::Layer { layer: "none".into(), source: PatternError::Shape(shape.shape) }
    );
}
