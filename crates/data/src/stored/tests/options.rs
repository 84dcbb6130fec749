//! Choices a data set leaves open.

use super::{TRAIN, leak, shrunk, stored};
use crate::{Constants, DataError, Dataset, Options, Split, open};
use rarefy_core::Extent;
use std::sync::Arc;

/// The shrunk data set called `name`, opened with `options`.
fn opened(name: &str, options: Options) -> Result<Arc<dyn Dataset>, DataError> {
    let set = leak(shrunk(name));
    let (dir, _) = stored(set);
    set.open(&Options { data_dir: Some(dir.path().into()), ..options })
}

fn image(data: &dyn Dataset, split: Split, index: u32) -> Vec<f32> {
    let mut image = vec![f32::NAN; data.extent().len()];
    data.sample(split, index, None, &mut image).unwrap();
    image
}

#[test]
fn the_validation_share_and_seed_decide_the_split() {
    let all = TRAIN * 5;
    let sizes = |data: &dyn Dataset| [data.len(Split::Train), data.len(Split::Validation)];
    let on_all = opened("cifar10", Options { valid_split: Some(0.0), ..Options::default() }).unwrap();
    assert_eq!(sizes(&*on_all), [all as usize, 0]);
    let random = || Options { valid_split: Some(0.25), split_seed: Some(3), ..Options::default() };
    let data = opened("cifar10", random()).unwrap();
    assert_eq!(sizes(&*data), [75, 25]);
    let images = |data: &dyn Dataset| {
        let splits = [(Split::Train, 75), (Split::Validation, 25)];
        splits
            .into_iter()
            .flat_map(|(split, len)| (0..len).map(move |index| (split, index)))
            .map(|(split, index)| image(data, split, index))
            .collect::<Vec<_>>()
    };
    let first = images(&*data);
    assert_eq!(first, images(&*opened("cifar10", random()).unwrap()));
    let mut found: Vec<usize> = Vec::new();
    for index in 0..all {
        let wanted = image(&*on_all, Split::Train, index);
        found.extend(first.iter().position(|image| *image == wanted));
    }
    found.sort_unstable();
    assert_eq!(found, (0..100).collect::<Vec<_>>(), "every image is in one of the splits");
}

#[test]
fn the_published_constants_are_those_of_the_published_code() {
    let constants = |normalization| {
        opened("cifar10", Options { normalization, ..Options::default() }).unwrap().normalization()
    };
    assert_eq!(constants(Constants::Standard).std, [0.2470, 0.2435, 0.2616]);
    assert_eq!(constants(Constants::Published).std, [0.2023, 0.1994, 0.2010]);
    assert_eq!(constants(Constants::Standard).mean, constants(Constants::Published).mean);
    for name in ["cifar100", "mnist", "fashion-mnist", "digits"] {
        let options = Options { normalization: Constants::Published, ..Options::default() };
        let error = open(name, &options).map(|_| ()).unwrap_err();
        assert!(matches!(error, DataError::Option { option: "normalization", .. }), "{error}");
    }
    assert_eq!("Published".parse(), Ok(Constants::Published));
    let unknown = "publisched".parse::<Constants>().unwrap_err().to_string();
    assert_eq!(
        unknown,
        "unknown normalization `publisched`; did you mean `published`?; choices are standard, published"
    );
}

#[test]
fn mnist_can_get_a_black_border_to_32() {
    let plain = opened("mnist", Options::default()).unwrap();
    let padded = opened("mnist", Options { pad_to_32: true, ..Options::default() }).unwrap();
    assert_eq!(padded.extent(), Extent { channels: 1, height: 32, width: 32 });
    let (inner, outer) = (image(&*plain, Split::Test, 3), image(&*padded, Split::Test, 3));
    let black = ((0.0 - 0.1307) / 0.3081) as f32;
    for (at, &input) in outer.iter().enumerate() {
        let (row, column) = (at / 32, at % 32);
        let inside = (2..30).contains(&row) && (2..30).contains(&column);
        let expected = if inside { inner[(row - 2) * 28 + column - 2] } else { black };
        assert_eq!(input, expected, "row {row}, column {column}");
    }
    for name in ["cifar10", "cifar100", "fashion-mnist", "digits"] {
        let error = open(name, &Options { pad_to_32: true, ..Options::default() }).map(|_| ()).unwrap_err();
        assert!(matches!(error, DataError::Option { option: "pad_to_32", .. }), "{error}");
    }
}

#[test]
fn shares_out_of_range_and_choices_of_the_fixed_split_are_refused() {
    for share in [-0.1, 1.0, f64::NAN] {
        let error = open("cifar10", &Options { valid_split: Some(share), ..Options::default() });
        let error = error.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("`valid_split` does not suit the data set `cifar10`"), "{error}");
        assert!(error.contains(&share.to_string()), "{error}");
    }
    for options in [
        Options { valid_split: Some(0.1), ..Options::default() },
        Options { split_seed: Some(1), ..Options::default() },
    ] {
        assert!(matches!(open("digits", &options).map(|_| ()), Err(DataError::Option { .. })));
    }
}
