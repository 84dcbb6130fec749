//! Edits against a model: a set of positions, and a map from position to the bits of its column values.

mod common;

use common::{config, pattern, subset};
use proptest::prelude::*;
use rarefy_core::{Block, EditError, GROWN, Pattern, PatternEdit, WeightShape, move_column};
use std::collections::{BTreeMap, BTreeSet};

const SHAPE: WeightShape = WeightShape::conv(2, 2, 1, 3);

/// Positions 1, 4 (row 0) and 8 (row 1) of 12.
fn three() -> Pattern {
    Pattern::from_positions(SHAPE, Block::UNSTRUCTURED, &[1, 4, 8]).unwrap()
}

#[test]
fn refused_edits_change_nothing_and_say_where() {
    let order = |list, found| EditError::Order { list, limit: 12, found };
    let cases: [(&[u32], &[u32], EditError); 11] = [
        (&[4, 1], &[], order("drop", 1)),
        (&[4, 4], &[], order("drop", 4)),
        (&[1, 12], &[], order("drop", 12)),
        (&[u32::MAX], &[], order("drop", u32::MAX)),
        (&[], &[3, 2], order("grow", 2)),
        (&[], &[12], order("grow", 12)),
        (&[0], &[], EditError::Absent { position: 0 }),
        (&[5], &[], EditError::Absent { position: 5 }),
        (&[1, 4, 8, 11], &[0], EditError::Absent { position: 11 }),
        (&[2], &[2], EditError::Absent { position: 2 }),
        (&[1], &[0, 8], EditError::Present { position: 8 }),
    ];
    let mut edit = PatternEdit::default();
    for (drop, grow, error) in cases {
        let mut pattern = three();
        assert_eq!(pattern.check_edit(drop, grow, &mut edit), Err(error.clone()));
        assert_eq!(pattern.edit(drop, grow, &mut edit), Err(error));
        assert_eq!(pattern, three());
        assert!(edit.sources().is_empty());
    }
}

#[test]
fn buffers_are_reusable_after_a_refusal() {
    let (mut pattern, mut edit) = (three(), PatternEdit::with_capacity(3, 2));
    assert!(pattern.edit(&[0], &[2], &mut edit).is_err());
    pattern.edit(&[4], &[11], &mut edit).unwrap();
    assert_eq!(pattern.iter_positions().collect::<Vec<_>>(), [1, 8, 11]);
    assert_eq!(edit.sources(), [0, 2, GROWN]);
}

#[test]
fn a_block_dropped_and_grown_at_once_starts_at_zero() {
    let (mut pattern, mut edit) = (three(), PatternEdit::default());
    pattern.edit(&[4], &[4], &mut edit).unwrap();
    assert_eq!(pattern, three());
    let mut column = [9.0; 3];
    move_column(&[1.0, 2.0, 3.0], &mut column, edit.sources(), 1);
    assert_eq!(column, [1.0, 0.0, 3.0]);
}

#[test]
fn a_layer_can_be_emptied_and_filled() {
    let (mut pattern, mut edit) = (three(), PatternEdit::default());
    pattern.edit(&[1, 4, 8], &[], &mut edit).unwrap();
    assert_eq!((pattern.nnz(), edit.sources()), (0, &[][..]));
    pattern.edit(&[], &(0..12).collect::<Vec<_>>(), &mut edit).unwrap();
    assert!(pattern.is_full() && edit.sources() == [GROWN; 12]);
}

#[test]
#[should_panic(expected = "every block of the edited pattern")]
fn a_column_of_the_wrong_length_is_not_moved_silently() {
    move_column(&[1.0, 2.0], &mut [0.0], &[0, 1], 1);
}

/// A pattern with some of its blocks to drop and some free (or just dropped) ones to grow.
fn edits() -> impl Strategy<Value = (Pattern, Vec<u32>, Vec<u32>)> {
    pattern().prop_flat_map(|pattern| {
        let active: Vec<u32> = pattern.iter_positions().collect();
        (Just(pattern.clone()), subset(active.len() as u32)).prop_flat_map(move |(pattern, dropped)| {
            let drop: Vec<u32> = dropped.iter().map(|&index| active[index as usize]).collect();
            let free: Vec<u32> = (0..pattern.positions() as u32)
                .filter(|position| !active.contains(position) || drop.contains(position))
                .collect();
            let grow = subset(free.len() as u32)
                .prop_map(move |grown| grown.iter().map(|&index| free[index as usize]).collect::<Vec<_>>());
            (Just(pattern), Just(drop), grow)
        })
    })
}

/// Column values that differ in every weight, among them a NaN with a payload and a negative zero.
fn column(len: usize) -> Vec<f32> {
    let special = [f32::from_bits(0x7fc1_2345), -0.0, f32::INFINITY];
    (0..len).map(|i| special.get(i).copied().unwrap_or(i as f32 + 0.5)).collect()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn survivors_keep_their_bits_and_grown_blocks_start_at_zero((pattern, drop, grow) in edits()) {
        let block_len = pattern.block().len();
        let old = column(pattern.nnz());
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let mut model: BTreeMap<u32, Vec<u32>> =
            pattern.iter_positions().zip(old.chunks(block_len).map(bits)).collect();
        for position in &drop {
            model.remove(position);
        }
        for &position in &grow {
            model.insert(position, vec![0; block_len]);
        }

        let (mut edited, mut edit) = (pattern.clone(), PatternEdit::default());
        edited.edit(&drop, &grow, &mut edit).unwrap();
        let mut new = vec![f32::NAN; edited.nnz()];
        move_column(&old, &mut new, edit.sources(), block_len);

        let found: BTreeMap<u32, Vec<u32>> = edited.iter_positions().zip(new.chunks(block_len).map(bits)).collect();
        prop_assert_eq!(found, model);
        prop_assert_eq!(edit.sources().len(), edited.blocks());
        let checked = Pattern::new(edited.shape(), edited.block(), edited.row_starts().to_vec(), edited.taps().to_vec());
        prop_assert_eq!(checked.as_ref(), Ok(&edited), "the edit broke an invariant");
    }

    #[test]
    fn any_lists_are_applied_or_refused_as_the_set_model_says(
        (pattern, drop, grow) in pattern().prop_flat_map(|pattern| {
            let any = || proptest::collection::vec(0..pattern.positions() as u32 + 1, 0..4);
            (Just(pattern.clone()), any(), any())
        }),
    ) {
        let ascending = |list: &[u32]| list.windows(2).all(|pair| pair[0] < pair[1])
            && list.iter().all(|&position| position < pattern.positions() as u32);
        let before: BTreeSet<u32> = pattern.iter_positions().collect();
        let kept: BTreeSet<u32> = before.iter().copied().filter(|position| !drop.contains(position)).collect();
        let valid = ascending(&drop) && ascending(&grow)
            && drop.iter().all(|position| before.contains(position))
            && grow.iter().all(|position| !kept.contains(position));

        let mut edited = pattern.clone();
        let outcome = edited.edit(&drop, &grow, &mut PatternEdit::default());
        prop_assert_eq!(outcome.is_ok(), valid, "{:?}", outcome);
        if valid {
            let after: BTreeSet<u32> = kept.union(&grow.iter().copied().collect()).copied().collect();
            prop_assert_eq!(edited.iter_positions().collect::<BTreeSet<_>>(), after);
        } else {
            prop_assert_eq!(edited, pattern);
        }
    }
}
