//! Damaged, foreign and forged files: always an error that says what is wrong, never a panic, never a network.

mod common;

use common::{UNSTRUCTURED, checkpoint, seal, seal_bytes, small, split};
use proptest::prelude::*;
use rarefy_formats::checkpoint::inspect;
use rarefy_formats::{Checkpoint, Extra, FormatError};
use rarefy_nn::params::Column;

fn error(file: &[u8]) -> FormatError {
    match Checkpoint::from_bytes(file) {
        Err(error) => error,
        Ok(_) => panic!("a damaged file was accepted"),
    }
}

/// The error of a file whose header was changed by replacing `from` everywhere, with a right checksum.
fn forged(from: &str, to: &str) -> FormatError {
    let (header, data) = split(&small().to_bytes().unwrap());
    let changed = header.replace(from, to);
    assert_ne!(changed, header, "`{from}` does not occur in the header");
    error(&seal(&changed, &data))
}

#[test]
fn the_checksum_is_what_the_format_says() {
    let file = small().to_bytes().unwrap();
    assert_eq!(seal_bytes(file.clone()), file);
    let (header, data) = split(&file);
    assert!(Checkpoint::from_bytes(&seal(&header, &data)).is_ok(), "padding carries no meaning");
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    let file = small().to_bytes().unwrap();
    for length in 0..file.len() {
        match error(&file[..length]) {
            FormatError::Truncated { expected, found } => {
                assert_eq!(found, length as u64);
                assert!(expected > found && expected <= file.len() as u64);
            }
            other => panic!("cut to {length} bytes: {other}"),
        }
    }
    let longer = [&file[..], b"\n"].concat();
    let message = error(&longer).to_string();
    assert!(message.contains(&file.len().to_string()) && message.contains(&longer.len().to_string()));
}

#[test]
fn any_flipped_bit_is_an_error() {
    let file = small().to_bytes().unwrap();
    for at in 0..file.len() {
        for bit in 0..8 {
            // Every bit of the first kilobyte, one of each byte after it.
            if at > 1024 && bit != at % 8 {
                continue;
            }
            let mut flipped = file.clone();
            flipped[at] ^= 1 << bit;
            let found = error(&flipped);
            let expected = match at {
                8..41 | 57..76 | 140..142 => matches!(found, FormatError::NotCheckpoint),
                41..57 => matches!(found, FormatError::Truncated { .. } | FormatError::NotCheckpoint),
                _ => matches!(found, FormatError::Checksum { .. }),
            };
            assert!(expected, "bit {bit} of byte {at}: {found}");
        }
    }
}

#[test]
fn other_files_are_not_checkpoints() {
    let dense = safetensors::serialize(
        [("w", safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![64], &[0; 256]).unwrap())],
        None,
    );
    for file in [dense.unwrap(), vec![0; 4096], b"PK\x03\x04 a zip archive of some other program".to_vec()] {
        assert!(matches!(error(&file), FormatError::NotCheckpoint));
    }
}

#[test]
fn a_newer_format_asks_for_a_newer_program() {
    let found = forged("\"rarefy.format\":\"1\"", "\"rarefy.format\":\"2\"");
    assert!(matches!(found, FormatError::NewerVersion { found: 2, supported: 1 }), "{found}");
    for wrong in ["0", "-1", "one", ""] {
        let found = forged("\"rarefy.format\":\"1\"", &format!("\"rarefy.format\":\"{wrong}\""));
        assert!(matches!(found, FormatError::Header { .. }), "{found}");
    }
}

#[test]
fn another_network_is_refused_with_both_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    small().save(&path).unwrap();
    for other in ["cifar_resnet_14_2", "cifar_resnet_8_4"] {
        let error = Checkpoint::load_for(&path, &common::graph(other)).unwrap_err();
        assert!(matches!(error.kind(), FormatError::AnotherModel { .. }));
        let message = error.to_string();
        for part in ["last.ckpt", other, "cifar_resnet_8_2", "1x8x8", "10 classes"] {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }
    let renamed = forged("cifar_resnet_8_2", "cifar_resnet_8_4");
    assert!(matches!(renamed, FormatError::AnotherModel { .. }), "{renamed}");
    let unknown = forged("cifar_resnet_8_2", "cifar_resnet_9");
    assert!(matches!(unknown, FormatError::Model(_)), "{unknown}");
}

#[test]
fn a_missing_tensor_is_named() {
    for name in ["value", "momentum", "running_mean", "running_var", "row_starts", "taps"] {
        let found = forged(&format!("\"{name}\":{{"), "\"elsewhere\":{");
        assert!(matches!(&found, FormatError::MissingTensor { name: missing } if missing == name), "{found}");
    }
}

#[test]
fn tensors_of_another_type_or_length_are_refused() {
    for (from, to) in [
        ("\"value\":{\"dtype\":\"F32\"", "\"value\":{\"dtype\":\"I32\""),
        ("\"row_starts\":{\"dtype\":\"U32\"", "\"row_starts\":{\"dtype\":\"F32\""),
    ] {
        let found = forged(from, to);
        assert!(matches!(found, FormatError::Tensor { .. }), "{found}");
    }
    let table = |bias: &str| format!("\"shape\":[10],\"block\":null,\"nnz\":{bias}}}").replace('"', "\\\"");
    let found = forged(&table("10"), &table("11"));
    assert!(matches!(found, FormatError::Header { .. }), "{found}");
    let (header, data) = split(&small().to_bytes().unwrap());
    let shorter = &data[..data.len() - 2];
    assert!(matches!(error(&seal(&header, shorter)), FormatError::Header { .. }));
}

#[test]
fn impossible_patterns_name_the_weight() {
    let block = |block: &str| format!("\"block\":{block}").replace('"', "\\\"");
    let one = block("{\"rows\":1,\"columns\":1}");
    for wrong in [
        "{\"rows\":0,\"columns\":1}",
        "{\"rows\":18446744073709551615,\"columns\":2}",
        "{\"rows\":2,\"columns\":3}",
        "null",
    ] {
        let found = forged(&one, &block(wrong));
        let FormatError::Pattern { parameter, .. } = &found else { panic!("{wrong}: {found}") };
        assert_eq!(parameter, "conv.weight");
    }
    let (header, mut data) = split(&small().to_bytes().unwrap());
    let last = data.len() - 1;
    data[last] = 0xff;
    let found = error(&seal(&header, &data));
    assert!(matches!(&found, FormatError::Pattern { parameter, .. } if parameter == "fc.weight"), "{found}");
}

/// The bytes of a sound file with one number replaced: the `index`-th of `numbers`, which occur in it as they are.
fn with_number(checkpoint: &Checkpoint, numbers: &[f32], index: usize, wrong: f32) -> Vec<u8> {
    let (header, mut data) = split(&checkpoint.to_bytes().unwrap());
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let start = data.windows(bytes.len()).position(|window| window == bytes).unwrap();
    data[start + 4 * index..][..4].copy_from_slice(&wrong.to_le_bytes());
    seal(&header, &data)
}

#[test]
fn numbers_that_no_training_leaves_name_their_layer_and_index() {
    let columns = [Column::Value, Column::Momentum, Column::SecondMoment];
    let mut sound = checkpoint("cifar_resnet_8_2", 0.3, UNSTRUCTURED, &columns, 5);
    sound.extras.insert("dense_score".into(), Extra::F32(vec![0.5, -1.5, 2.5]));
    let store = &sound.store;
    let layer = store.views().iter().position(|view| view.parameter.name == "fc.weight").unwrap();
    let norm = store.norms()[2].clone();
    let (mean, var) = (&store.running_mean()[norm.1.clone()], &store.running_var()[norm.1.clone()]);
    let extra = [0.5, -1.5, 2.5];
    for (numbers, place, may_be_negative) in [
        (store.slice(layer, Column::Value), "value of `fc.weight`", true),
        (store.slice(layer, Column::Momentum), "momentum of `fc.weight`", true),
        (store.slice(layer, Column::SecondMoment), "second_moment of `fc.weight`", false),
        (mean, &*format!("running mean of `{}`", norm.0), true),
        (var, &*format!("running variance of `{}`", norm.0), false),
        (&extra, "tensor `extra.dense_score`", true),
    ] {
        for wrong in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1e-30] {
            let index = numbers.len() - 1;
            let file = with_number(&sound, numbers, index, wrong);
            if wrong.is_finite() && may_be_negative {
                assert!(Checkpoint::from_bytes(&file).is_ok(), "{place}");
                continue;
            }
            let found = error(&file);
            assert!(matches!(&found, FormatError::Number { index: at, .. } if *at == index), "{found}");
            let message = found.to_string();
            assert!(message.contains(place) && message.contains(&format!("index {index}")), "{message}");
        }
    }
}

#[test]
fn numbers_that_no_training_leaves_are_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    let refused = |checkpoint: &Checkpoint, words: &str| {
        let message = checkpoint.save(&path).unwrap_err().to_string();
        assert!(message.contains("cannot store") && message.contains(words), "{message}");
        assert!(matches!(checkpoint.to_bytes(), Err(FormatError::Unstorable { .. })) && !path.exists());
    };
    let mut nan = small();
    nan.store.slice_mut(0, Column::Value)[1] = f32::NAN;
    refused(&nan, "value of `conv.weight` is NaN at index 1");
    let mut negative = small();
    negative.store.running_mut().1[0] = -1.0;
    refused(&negative, "running variance of `bn`");
    let mut early = small();
    (early.meta.step, early.meta.epoch) = (3, 4);
    refused(&early, "epoch 4 cannot end at step 3");
}

#[test]
fn counters_constants_and_columns_that_cannot_be_are_refused() {
    for (from, to) in [
        // Seven epochs are done.
        (format!("\\\"step\\\":{}", u64::MAX), "\\\"step\\\":6"),
        ("\\\"std\\\":[1.0]".into(), "\\\"std\\\":[0.0]"),
        ("\\\"std\\\":[1.0]".into(), "\\\"std\\\":[-1.0]"),
        ("\\\"std\\\":[1.0]".into(), "\\\"std\\\":[]"),
        ("\\\"std\\\":[1.0]".into(), "\\\"std\\\":[1.0,1.0]"),
        ("\\\"mean\\\":[".into(), "\\\"mean\\\":[0.0,"),
        ("\\\"momentum\\\"]".into(), "\\\"momentum\\\",\\\"impulse\\\"]"),
    ] {
        let found = forged(&from, to);
        assert!(matches!(found, FormatError::Header { .. }), "{from} -> {to}: {found}");
    }
    // So does whoever reads the header alone.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    let (header, data) = split(&small().to_bytes().unwrap());
    let changed = header.replace("\\\"std\\\":[1.0]", "\\\"std\\\":[0.0]");
    std::fs::write(&path, seal(&changed, &data)).unwrap();
    assert!(matches!(inspect(&path).unwrap_err().kind(), FormatError::Header { .. }));
}

#[test]
fn a_header_that_is_no_text_is_malformed() {
    let (header, data) = split(&small().to_bytes().unwrap());
    let at = 8 + header.find("cifar_resnet").unwrap();
    let mut file = seal(&header, &data);
    file[at] = 0xff;
    assert!(matches!(error(&seal_bytes(file)), FormatError::Header { .. }));
}

#[test]
fn huge_declared_lengths_allocate_nothing() {
    let huge = u64::MAX.to_string();
    let most = usize::MAX.to_string();
    for (from, to) in [
        ("\\\"classes\\\":10", format!("\\\"classes\\\":{most}")),
        ("\\\"classes\\\":10", "\\\"classes\\\":16777216".into()),
        ("\\\"height\\\":8", format!("\\\"height\\\":{most}")),
        ("\\\"nnz\\\":2}", format!("\\\"nnz\\\":{most}}}")),
        ("cifar_resnet_8_2", "cifar_resnet_2000_1024".into()),
        ("\"data_offsets\":[0,", format!("\"data_offsets\":[{huge},")),
        ("\"dtype\":\"F32\",\"shape\":[", format!("\"dtype\":\"F32\",\"shape\":[{huge},")),
    ] {
        let found = forged(from, &to);
        let refused = matches!(found, FormatError::Header { .. } | FormatError::AnotherModel { .. });
        assert!(refused, "{from} -> {to}: {found}");
    }
    let (header, data) = split(&small().to_bytes().unwrap());
    let mut file = seal(&header, &data);
    file[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(error(&seal_bytes(file)), FormatError::Header { .. }));
    let tensor = format!(",\"x\":{{\"dtype\":\"U8\",\"shape\":[{huge}],\"data_offsets\":[0,{huge}]}}}}");
    let only = format!("{}{tensor}", &header[..header.find(",\"value\":").unwrap()]);
    assert!(matches!(error(&seal(&only, &[])), FormatError::Header { .. }));
}

#[test]
fn files_and_folders_that_cannot_be_read_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent.ckpt");
    for path in [absent.as_path(), dir.path()] {
        for error in [Checkpoint::load(path).unwrap_err(), inspect(path).unwrap_err()] {
            assert!(matches!(&error, FormatError::Io { action: "read", .. }), "{error}");
            assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        }
    }
}

#[test]
fn a_huge_file_of_something_else_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge");
    std::fs::write(&path, small().to_bytes().unwrap()).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    for error in [Checkpoint::load(&path).unwrap_err(), inspect(&path).unwrap_err()] {
        assert!(matches!(error.kind(), FormatError::Truncated { found, .. } if *found == 1 << 40), "{error}");
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        error(&bytes);
    }

    #[test]
    fn random_bytes_after_a_right_start_are_refused(bytes in prop::collection::vec(any::<u8>(), 1..2048)) {
        let (header, _) = split(&small().to_bytes().unwrap());
        let file = [&(bytes.len() as u64 + 142 - 8).to_le_bytes()[..], &header.as_bytes()[..134], &bytes].concat();
        error(&file);
        error(&seal_bytes(file));
    }

    /// The checksum is right again, so this reaches everything behind it. Some changes are harmless (a digit of the state),
    /// so only panics count.
    #[test]
    fn forged_files_never_panic(changes in prop::collection::vec((0.0..1.0f64, any::<u8>()), 1..4), digits in any::<bool>()) {
        let mut file = small().to_bytes().unwrap();
        for (place, value) in changes {
            let at = 142 + ((file.len() - 142) as f64 * place) as usize;
            file[at] = if digits { b'0' + value % 10 } else { value };
        }
        let file = seal_bytes(file);
        let _ = Checkpoint::from_bytes(&file);
    }
}
