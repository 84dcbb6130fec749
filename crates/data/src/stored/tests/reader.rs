//! Whatever a file holds: the samples, or what is wrong and where.

use super::{content, gzip, shrunk};
use crate::stored::Layout;
use crate::stored::error::FileError;
use crate::stored::reader::{Samples, read, read_file};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::path::Path;

/// One layout of each kind: CIFAR-10, CIFAR-100, IDX images, IDX labels.
fn layouts() -> [Layout; 4] {
    let mnist = shrunk("mnist");
    [
        shrunk("cifar10").train[0].layout,
        shrunk("cifar100").train[0].layout,
        mnist.train[0].layout,
        mnist.train[1].layout,
    ]
}

fn parse(layout: &Layout, bytes: &[u8]) -> Result<Samples, FileError> {
    let mut samples = Samples::default();
    read(layout, bytes, Path::new("some.bin"), &mut samples).map(|_| samples)
}

/// Offset and words of the error that `bytes` must give.
fn content_error(layout: &Layout, bytes: &[u8]) -> (u64, String) {
    match parse(layout, bytes) {
        Err(FileError::Content { path, offset, problem }) => {
            assert_eq!(path, Path::new("some.bin"));
            (offset, problem)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_cut_anywhere_names_where_it_ends() {
    for layout in layouts() {
        let whole = content(&layout, 1);
        for length in (0..whole.len()).step_by(whole.len().div_ceil(300)).chain([whole.len() - 1]) {
            let (offset, problem) = content_error(&layout, &whole[..length]);
            assert_eq!(offset, length as u64);
            assert!(problem.contains(&format!("should have {} bytes", whole.len())), "{problem}");
        }
    }
}

#[test]
fn a_file_that_goes_on_names_where_it_should_end() {
    for layout in layouts() {
        let mut longer = content(&layout, 1);
        longer.push(0);
        let (offset, problem) = content_error(&layout, &longer);
        assert_eq!(offset, longer.len() as u64 - 1);
        assert!(problem.contains("more bytes follow"), "{problem}");
    }
}

#[test]
fn every_header_word_is_checked() {
    for layout in layouts() {
        for word in 0..layout.header().len() {
            for bit in 0..32 {
                let mut altered = content(&layout, 1);
                altered[4 * word + bit / 8] ^= 1 << (bit % 8);
                let (offset, problem) = content_error(&layout, &altered);
                assert_eq!(offset, 4 * word as u64);
                assert!(problem.contains(layout.header()[word].0), "{problem}");
            }
        }
    }
    let [_, _, images, labels] = layouts();
    let (offset, problem) = content_error(&images, &content(&labels, 1));
    assert_eq!((offset, problem.as_str()), (0, "the magic number is 0x00000801, expected 0x00000803"));
}

#[test]
fn a_label_out_of_range_names_its_byte() {
    let [ten, hundred, _, idx] = layouts();
    for (layout, offset, label, range) in [
        (ten, 3073 * 4, 10, "0 to 9"),
        (hundred, 3074 * 4, 20, "0 to 19"),
        (hundred, 3074 * 4 + 1, 100, "0 to 99"),
        (idx, 8 + 19, 255, "0 to 9"),
    ] {
        let mut altered = content(&layout, 1);
        altered[offset] = label;
        let (found, problem) = content_error(&layout, &altered);
        assert_eq!(found, offset as u64);
        assert_eq!(problem, format!("the label is {label}, expected {range}"));
        let message = parse(&layout, &altered).unwrap_err().to_string();
        assert_eq!(message, format!("some.bin, byte {offset}: {problem}"));
    }
}

#[test]
fn a_packed_file_is_read_as_if_it_were_not_and_damage_is_found() {
    let dir = tempfile::tempdir().unwrap();
    for layout in layouts() {
        let whole = content(&layout, 1);
        let path = dir.path().join("some.bin.gz");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut samples = Samples::default();
            read_file(&layout, &path, &mut samples).map(|_| samples)
        };
        let packed = gzip(&whole);
        assert_eq!(read(&packed).unwrap(), parse(&layout, &whole).unwrap());
        for length in [0, 5, packed.len() / 2, packed.len() - 1] {
            let error = read(&packed[..length]).unwrap_err();
            assert!(matches!(error, FileError::Content { .. }), "{error}");
        }
        // The checksum at the end covers every bit of the content.
        for at in (10..packed.len()).step_by(packed.len().div_ceil(100)) {
            let mut altered = packed.clone();
            altered[at] ^= 4;
            assert!(matches!(read(&altered), Err(FileError::Content { .. })), "byte {at}");
        }
        assert!(read(&[packed.clone(), vec![7]].concat()).is_err(), "garbage at the end");
        assert!(read(&gzip(&[whole, vec![7]].concat())).is_err(), "a longer content");
    }
}

#[test]
fn a_missing_file_or_a_folder_is_the_systems_refusal() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("none"), dir.path().join("none.gz")] {
        let error = read_file(&layouts()[0], &path, &mut Samples::default()).unwrap_err();
        assert!(error.is_system() && error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: RngSeed::Fixed(17), ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_an_error_or_exactly_the_records(
        kind in 0usize..4,
        head in prop::bool::ANY,
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        // A small file of the layout's kind, so that random bytes also get far.
        let layout = Layout { records: 2, pixels: layouts()[kind].pixels.min(5), ..layouts()[kind] };
        let mut file = if head { content(&layout, 0) } else { Vec::new() };
        let header = 4 * layout.header().len();
        file.truncate(header);
        file.extend(&bytes);
        match parse(&layout, &file) {
            Ok(samples) => {
                prop_assert_eq!(file.len() as u64, layout.file_bytes());
                prop_assert_eq!(samples.pixels.len(), 2 * layout.pixels);
                prop_assert!(samples.labels.iter().all(|&label| u16::from(label) < layout.labels[0].max(100)));
            }
            Err(FileError::Content { offset, .. }) => prop_assert!(offset <= file.len() as u64),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn altered_files_are_an_error_or_differ_in_that_byte_alone(
        kind in 0usize..4,
        at in any::<prop::sample::Index>(),
        bit in 0u32..8,
    ) {
        let layout = layouts()[kind];
        let whole = content(&layout, 2);
        let mut altered = whole.clone();
        let at = at.index(whole.len());
        altered[at] ^= 1 << bit;
        if let Ok(samples) = parse(&layout, &altered) {
            let original = parse(&layout, &whole).unwrap();
            let differ = |a: &[u8], b: &[u8]| a.iter().zip(b).filter(|(a, b)| a != b).count();
            let coarse = layout.labels.len() == 2 && at % layout.record_bytes() == 0;
            let found = differ(&samples.pixels, &original.pixels) + differ(&samples.labels, &original.labels);
            prop_assert_eq!(found, usize::from(!coarse));
        }
    }

    #[test]
    fn random_packed_bytes_never_panic(kind in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.gz");
        let packed = gzip(&content(&layouts()[kind], 0));
        std::fs::write(&path, [&packed[..packed.len().min(bytes.len())], &bytes].concat()).unwrap();
        let result = read_file(&layouts()[kind], &path, &mut Samples::default());
        prop_assert!(matches!(&result, Err(FileError::Content { .. })), "{:?}", result);
    }
}
