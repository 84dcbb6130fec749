//! Invariants of patterns, and agreement of every constructor with a naive model.

mod common;

use common::{config, layer, pattern, positions_of, subset};
use proptest::prelude::*;
use rarefy_core::{Block, Pattern, PatternError, Tap, WeightShape};

const SHAPE: WeightShape = WeightShape::conv(4, 6, 3, 3);
const BLOCK: Block = Block { rows: 2, columns: 3 };

#[test]
fn shapes_without_weights_or_beyond_32_bits_are_refused() {
    let big = usize::MAX / 2;
    for shape in [
        WeightShape::conv(0, 3, 3, 3),
        WeightShape::conv(3, 0, 3, 3),
        WeightShape::conv(3, 3, 0, 3),
        WeightShape::conv(3, 3, 3, 0),
        WeightShape::linear(1 << 16, 1 << 15),
        WeightShape::conv(big, big, big, big),
        WeightShape::conv(big, big, 0, 1),
    ] {
        let refusal = Err(PatternError::Shape(shape));
        assert_eq!(Pattern::check(shape, Block::UNSTRUCTURED), Err(PatternError::Shape(shape)));
        assert_eq!(Pattern::new(shape, Block::UNSTRUCTURED, vec![0], vec![]), refusal);
        assert_eq!(Pattern::full(shape, Block::UNSTRUCTURED), refusal);
        assert_eq!(Pattern::from_positions(shape, Block::UNSTRUCTURED, &[]), refusal);
    }
}

#[test]
fn blocks_that_do_not_tile_the_layer_are_refused() {
    for (rows, columns) in [(0, 1), (1, 0), (3, 1), (1, 4), (8, 1), (1, 12), (usize::MAX, usize::MAX)] {
        let block = Block { rows, columns };
        assert_eq!(Pattern::full(SHAPE, block), Err(PatternError::Block { block, shape: SHAPE }));
        assert_eq!(
            Pattern::from_positions(SHAPE, block, &[]),
            Err(PatternError::Block { block, shape: SHAPE })
        );
    }
}

#[test]
fn row_starts_must_ascend_from_zero_to_the_number_of_taps() {
    let taps = vec![0, 4, 17];
    for starts in [vec![], vec![0, 3], vec![0, 1, 2, 3], vec![1, 2, 3], vec![0, 1, 2], vec![0, 4, 3]] {
        let built = Pattern::new(SHAPE, BLOCK, starts.clone(), taps.clone());
        assert_eq!(built, Err(PatternError::RowStarts { expected: 3, taps: 3 }), "{starts:?}");
    }
    assert!(Pattern::new(SHAPE, BLOCK, vec![0, 2, 3], taps).is_ok());
}

#[test]
fn taps_must_ascend_within_their_row() {
    for (taps, row, found) in [
        (vec![4, 4, 0], 0, 4),
        (vec![5, 4, 0], 0, 4),
        (vec![0, 1, 18], 1, 18),
        (vec![0, u32::MAX, 1], 0, u32::MAX),
    ] {
        let built = Pattern::new(SHAPE, BLOCK, vec![0, 2, 3], taps.clone());
        assert_eq!(built, Err(PatternError::Tap { row, limit: 18, found }), "{taps:?}");
    }
    assert!(Pattern::new(SHAPE, BLOCK, vec![0, 2, 3], vec![16, 17, 0]).is_ok(), "rows are independent");
}

#[test]
fn positions_must_ascend_over_the_whole_layer() {
    for (positions, found) in [
        (vec![20, 2], 2),
        (vec![2, 20, 20], 20),
        (vec![36], 36),
        (vec![1, u32::MAX], u32::MAX),
        (vec![u32::MAX, 1], u32::MAX),
    ] {
        let built = Pattern::from_positions(SHAPE, BLOCK, &positions);
        assert_eq!(built, Err(PatternError::Position { limit: 36, found }), "{positions:?}");
    }
}

#[test]
fn a_hand_written_pattern_lists_its_weights_in_canonical_order() {
    // 2x1 blocks of a [2, 2, 1, 2] weight: taps (channel, x) = 0: (0, 0), 1: (0, 1), 2: (1, 0), 3: (1, 1).
    let shape = WeightShape::conv(2, 2, 1, 2);
    let pattern = Pattern::new(shape, Block { rows: 2, columns: 1 }, vec![0, 2], vec![1, 2]).unwrap();
    assert_eq!(pattern.iter_dense_indices().collect::<Vec<_>>(), [1, 5, 2, 6]);
    assert_eq!(pattern.tap(3), Tap { channel: 1, y: 0, x: 1 });
    assert_eq!((pattern.blocks(), pattern.nnz(), pattern.fraction()), (2, 4, 0.5));
}

#[test]
fn an_empty_pattern_has_no_density() {
    let pattern = Pattern::from_positions(SHAPE, BLOCK, &[]).unwrap();
    assert_eq!((pattern.nnz(), pattern.fraction(), pattern.density()), (0, 0.0, None));
    assert!(!pattern.is_full());
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn constructors_agree((layer, positions) in layer().prop_flat_map(|l| (Just(l), subset(positions_of(l))))) {
        let (shape, block) = layer;
        let pattern = Pattern::from_positions(shape, block, &positions).unwrap();
        prop_assert_eq!(pattern.iter_positions().collect::<Vec<_>>(), &positions[..]);
        let rebuilt = Pattern::new(shape, block, pattern.row_starts().to_vec(), pattern.taps().to_vec());
        prop_assert_eq!(rebuilt.as_ref(), Ok(&pattern));
        let full = Pattern::full(shape, block).unwrap();
        prop_assert_eq!(full.positions(), positions_of(layer) as usize);
        prop_assert_eq!(full.iter_positions().collect::<Vec<_>>(), (0..positions_of(layer)).collect::<Vec<_>>());
        prop_assert!(full.is_full());
        prop_assert_eq!(pattern.is_full(), pattern == full);
    }

    #[test]
    fn dense_indices_are_those_of_nested_loops(pattern in pattern()) {
        let WeightShape { outputs, inputs, kernel_h, kernel_w } = pattern.shape();
        let Block { rows, columns } = pattern.block();
        let active: Vec<u32> = pattern.iter_positions().collect();
        let mut expected = Vec::new();
        let mut position = 0;
        for row_block in 0..outputs / rows {
            for channel_block in 0..inputs / columns {
                for y in 0..kernel_h {
                    for x in 0..kernel_w {
                        if active.contains(&position) {
                            for output in row_block * rows..(row_block + 1) * rows {
                                for input in channel_block * columns..(channel_block + 1) * columns {
                                    expected.push(((output * inputs + input) * kernel_h + y) * kernel_w + x);
                                }
                            }
                        }
                        position += 1;
                    }
                }
            }
        }
        prop_assert_eq!(pattern.iter_dense_indices().collect::<Vec<_>>(), &expected[..]);
        prop_assert_eq!(pattern.nnz(), expected.len());
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(pattern.nnz(), expected.len(), "a weight is listed twice");
        prop_assert!(expected.last().is_none_or(|&last| last < pattern.shape().len()));
    }

    #[test]
    fn taps_decode_to_what_they_encode(pattern in pattern()) {
        let WeightShape { kernel_h, kernel_w, .. } = pattern.shape();
        for tap in 0..pattern.taps_per_row() {
            let Tap { channel, y, x } = pattern.tap(tap);
            prop_assert!(y < kernel_h && x < kernel_w);
            prop_assert_eq!((channel * kernel_h + y) * kernel_w + x, tap as usize);
        }
    }

    #[test]
    fn a_fitted_block_tiles_and_divides_the_block_asked_for(
        (shape, _) in layer(), rows in 0..9usize, columns in 0..9usize,
    ) {
        let block = Block { rows, columns }.fit(shape);
        prop_assert!(Pattern::check(shape, block).is_ok());
        prop_assert!(rows.is_multiple_of(block.rows) && columns.is_multiple_of(block.columns));
        for larger in block.rows + 1..=rows {
            prop_assert!(!(rows.is_multiple_of(larger) && shape.outputs.is_multiple_of(larger)));
        }
        for larger in block.columns + 1..=columns {
            prop_assert!(!(columns.is_multiple_of(larger) && shape.inputs.is_multiple_of(larger)));
        }
    }
}
