//! Pinned test vectors of the random streams: a change here changes every mask, initial weight and shuffle.
//!
//! The words were computed by an independent implementation of ChaCha8 (itself checked against the published ChaCha20
//! vectors) with the key `seed (8 bytes) | purpose (4 bytes) | "rarefy" | zeros` and the index as nonce; the sampled
//! numbers by an independent implementation of each method on those words.

mod common;

use proptest::prelude::*;
use rarefy_core::random::{Purpose, Stream};
use std::collections::HashMap;

#[test]
fn words_are_pinned() {
    let cases: [(u64, Purpose, u64, [u64; 4]); 5] = [
        (
            0,
            Purpose::Mask,
            0,
            [0x5c04b645ebd55392, 0xb362edc32ef0ed39, 0x2cd898736699f9df, 0x5ed806091be5100c],
        ),
        (
            17,
            Purpose::Mask,
            0,
            [0xee9c93e9a947e853, 0x58f66a4106ebe6f8, 0x938d882cf13d92aa, 0xca9ba8eaf56f8c79],
        ),
        (
            17,
            Purpose::Mask,
            1,
            [0xe8478edd792dd8f7, 0x307729705ff7cdd1, 0x6ba433ff8e283c13, 0xb71e0a17c1af6690],
        ),
        (
            17,
            Purpose::Init,
            0,
            [0xd083d93835d7d63f, 0xf7896211475b60a6, 0x66e1dd8570395cb3, 0x082a96eac7221b83],
        ),
        (
            u64::MAX,
            Purpose::Synthetic,
            u64::MAX,
            [0x09c511ca6eef7421, 0xec80c3a3785aae48, 0xeea5b1ddff0e1ac9, 0x44ff47041a5b13ae],
        ),
    ];
    for (seed, purpose, index, expected) in cases {
        let mut stream = Stream::new(seed, purpose, index);
        assert_eq!(expected.map(|_| stream.word()), expected, "seed {seed}, {purpose:?}, index {index}");
    }
}

#[test]
fn purposes_keep_their_numbers() {
    use Purpose::*;
    assert_eq!(
        [Mask, Init, Order, Augment, Split, Topology, Synthetic].map(|purpose| purpose as u32),
        [1, 2, 3, 4, 5, 6, 7]
    );
}

#[test]
fn seeking_is_the_same_as_reading_on() {
    let mut far = Stream::new(17, Purpose::Mask, 3);
    far.seek((1 << 40) + 5);
    let expected = [0xdcbaff6a1ad27041, 0xc5b43dc1a94048b9, 0x35f9bc0bedd32431, 0x1526ff075048618e];
    assert_eq!(expected.map(|_| far.word()), expected);

    let mut stream = Stream::new(17, Purpose::Init, 0);
    let words: Vec<u64> = (0..200).map(|_| stream.word()).collect();
    for position in [0, 1, 7, 8, 31, 32, 33, 199] {
        stream.seek(position);
        assert_eq!(stream.word(), words[position as usize], "word {position}");
    }
}

#[test]
fn bounded_integers_are_pinned() {
    let mut stream = Stream::new(17, Purpose::Order, 0);
    let bounds = [1, 2, 10, 1000, 1 << 32, (1 << 63) + 1, (1 << 63) + 1, u64::MAX, 3];
    let expected =
        [0, 0, 5, 462, 2498378054, 7789550268714882542, 8395276320907524631, 10513585837248329394, 0];
    assert_eq!(bounds.map(|bound| stream.below(bound)), expected);
    // Two words were rejected: nine numbers took eleven.
    let next = stream.word();
    stream.seek(11);
    assert_eq!(stream.word(), next);
    assert_eq!(stream.below(0), 0);
}

#[test]
fn uniform_numbers_are_pinned() {
    let mut stream = Stream::new(17, Purpose::Augment, 0);
    let expected = [0.7659895911656289, 0.8304677239108704, 0.015071649350077543, 0.08984191292032073];
    assert_eq!(expected.map(|_| stream.uniform()), expected);
}

#[test]
fn normal_numbers_are_pinned() {
    let mut stream = Stream::new(17, Purpose::Init, 5);
    let expected = [0.3206429746508349, -1.9620867522505896, -2.7360027121967807, 0.4039653484088936];
    assert_eq!(expected.map(|_| stream.normal()), expected);
}

#[test]
fn shuffles_are_pinned() {
    let mut items: Vec<u32> = (0..12).collect();
    Stream::new(17, Purpose::Order, 1).shuffle(&mut items);
    assert_eq!(items, [3, 11, 9, 8, 10, 6, 0, 2, 4, 1, 7, 5]);
}

#[test]
fn choices_are_pinned() {
    let choose = |index, bound, count| Stream::new(17, Purpose::Mask, index).choose(bound, count);
    assert_eq!(choose(0, 100, 7), [33, 48, 55, 70, 76, 87, 92]);
    assert_eq!(choose(0, 12, 9), [0, 1, 2, 4, 5, 7, 8, 10, 11]);
}

#[test]
fn bounded_integers_hit_every_value_about_equally() {
    let mut stream = Stream::new(1, Purpose::Synthetic, 0);
    let mut counts = [0i32; 7];
    for _ in 0..70_000 {
        counts[stream.below(7) as usize] += 1;
    }
    // Standard deviation 93.
    assert!(counts.iter().all(|count| (count - 10_000).abs() < 400), "{counts:?}");
}

#[test]
fn normal_numbers_have_the_moments_of_a_normal() {
    let mut stream = Stream::new(1, Purpose::Synthetic, 1);
    let numbers: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
    let moment = |power| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / numbers.len() as f64;
    for (power, expected, tolerance) in [(1, 0.0, 0.015), (2, 1.0, 0.02), (3, 0.0, 0.06), (4, 3.0, 0.15)] {
        assert!((moment(power) - expected).abs() < tolerance, "moment {power}: {}", moment(power));
    }
}

#[test]
fn shuffles_reach_every_order_about_equally() {
    let mut stream = Stream::new(1, Purpose::Synthetic, 2);
    let mut counts = HashMap::new();
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        stream.shuffle(&mut items);
        *counts.entry(items).or_insert(0i32) += 1;
    }
    assert_eq!(counts.len(), 24);
    // Standard deviation 31.
    assert!(counts.values().all(|count| (count - 1000).abs() < 150), "{counts:?}");
}

#[test]
fn choices_reach_every_set_about_equally() {
    let mut stream = Stream::new(1, Purpose::Synthetic, 3);
    for count in [2, 4] {
        let mut counts = HashMap::new();
        for _ in 0..15_000 {
            *counts.entry(stream.choose(6, count)).or_insert(0i32) += 1;
        }
        assert_eq!(counts.len(), 15, "C(6, {count}) sets");
        // Standard deviation 31.
        assert!(counts.values().all(|count| (count - 1000).abs() < 150), "{counts:?}");
    }
}

proptest! {
    #![proptest_config(common::config(128))]

    #[test]
    fn choices_are_ascending_in_range_and_as_many_as_asked(bound in 0..300u32, count in 0..320u32, seed: u64) {
        let chosen = Stream::new(seed, Purpose::Mask, 0).choose(bound, count);
        prop_assert_eq!(chosen.len() as u32, count.min(bound));
        prop_assert!(chosen.is_sorted_by(|a, b| a < b));
        prop_assert!(chosen.last().is_none_or(|&last| last < bound));
    }

    #[test]
    fn bounded_and_uniform_numbers_stay_in_range(bound in 1..u64::MAX, seed: u64) {
        let mut stream = Stream::new(seed, Purpose::Synthetic, 0);
        prop_assert!(stream.below(bound) < bound);
        prop_assert!((0.0..1.0).contains(&stream.uniform()));
        prop_assert!(stream.normal().is_finite());
    }

    #[test]
    fn a_shuffle_is_a_permutation(len in 0..100u32, seed: u64) {
        let mut items: Vec<u32> = (0..len).collect();
        Stream::new(seed, Purpose::Order, 0).shuffle(&mut items);
        items.sort_unstable();
        prop_assert_eq!(items, (0..len).collect::<Vec<_>>());
    }

    #[test]
    fn streams_of_other_seeds_purposes_or_indices_differ(seed: u64, index: u64) {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).word();
        let word = first(seed, Purpose::Mask, index);
        prop_assert_ne!(word, first(seed ^ 1, Purpose::Mask, index));
        prop_assert_ne!(word, first(seed, Purpose::Init, index));
        prop_assert_ne!(word, first(seed, Purpose::Mask, index ^ 1));
    }
}
