//! Dividing the official training images into training and validation.

use rarefy_core::random::{Purpose, Stream};

/// Training and validation indices, each ascending, of `images` images: `share` of them (rounded) are for validation, the
/// last ones or, with a seed, a random set of them.
///
/// # Errors
/// A share below 0, of 1 or more, not a number, or that leaves no image to train on.
pub(crate) fn partition(images: u32, share: f64, seed: Option<u64>) -> Result<[Vec<u32>; 2], String> {
    let held_out = (share * f64::from(images)).round();
    if !(0.0..1.0).contains(&share) || held_out >= f64::from(images) {
        return Err(format!(
            "it is {share}, expected a share of the {images} training images, from 0 to below 1, that leaves one to train on"
        ));
    }
    // From 0 to below `images`.
    let held_out = held_out as u32;
    let Some(seed) = seed else {
        let first = images - held_out;
        return Ok([(0..first).collect(), (first..images).collect()]);
    };
    let validation = Stream::new(seed, Purpose::Split, 0).choose(images, held_out);
    let mut held = validation.iter().copied().peekable();
    let train = (0..images).filter(|index| held.next_if_eq(index).is_none()).collect();
    Ok([train, validation])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_the_last_images_are_held_out() {
        let [train, validation] = partition(50_000, 0.1, None).unwrap();
        assert_eq!((train.len(), validation.len()), (45_000, 5_000));
        assert_eq!((train[44_999], validation[0], validation[4_999]), (44_999, 45_000, 49_999));
    }

    #[test]
    fn a_share_of_zero_trains_on_all() {
        for seed in [None, Some(3)] {
            assert_eq!(partition(10, 0.0, seed).unwrap(), [(0..10).collect(), vec![]]);
        }
    }

    #[test]
    fn a_seed_holds_out_a_random_set_that_never_changes() {
        let [train, validation] = partition(20, 0.25, Some(7)).unwrap();
        assert_eq!(validation, [0, 4, 5, 7, 10]);
        let mut all = [train.clone(), validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<_>>());
        assert!(train.is_sorted());
        assert_ne!(partition(20, 0.25, Some(8)).unwrap()[1], validation);
    }

    #[test]
    fn shares_are_rounded_to_whole_images() {
        let held_out = |share| partition(10, share, None).unwrap()[1].len();
        assert_eq!([0.04, 0.06, 0.1, 0.44, 0.94].map(held_out), [0, 1, 1, 4, 9]);
    }

    #[test]
    fn impossible_shares_are_refused() {
        for share in [-0.1, 1.0, 0.96, 7.0, f64::NAN, f64::INFINITY] {
            assert!(partition(10, share, None).is_err(), "{share}");
        }
    }
}
