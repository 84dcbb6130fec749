//! What is saved comes back, in a file as small as the network is sparse.

mod common;

use common::{UNSTRUCTURED, bits, checkpoint, small};
use rarefy_core::{Block, Extent, Pattern, WeightShape};
use rarefy_formats::checkpoint::{inspect, save};
use rarefy_formats::{Checkpoint, Extra, Extras, FormatError, Meta};
use rarefy_nn::graph::{GraphBuilder, InitRule};
use rarefy_nn::params::{Column, ParamStore};
use safetensors::SafeTensors;

fn assert_same(loaded: &Checkpoint, saved: &Checkpoint) {
    assert_eq!(loaded.meta, saved.meta);
    assert_eq!(loaded.extras, saved.extras);
    assert_eq!(loaded.store.patterns(), saved.store.patterns());
    assert_eq!(loaded.store.views(), saved.store.views());
    for column in [Column::Value, Column::Momentum, Column::SecondMoment] {
        assert_eq!(bits(loaded.store.column(column)), bits(saved.store.column(column)), "{column:?}");
    }
    assert!(bits(loaded.store.column(Column::Gradient)).iter().all(|&bits| bits == 0));
    assert_eq!(bits(loaded.store.running_mean()), bits(saved.store.running_mean()));
    assert_eq!(bits(loaded.store.running_var()), bits(saved.store.running_var()));
}

#[test]
fn every_number_comes_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    let adam = &[Column::Value, Column::Gradient, Column::Momentum, Column::SecondMoment][..];
    for (seed, density) in [0.0, 0.01, 0.3, 1.0].into_iter().enumerate() {
        for block in [UNSTRUCTURED, Block { rows: 4, columns: 1 }, Block { rows: 2, columns: 2 }] {
            for columns in [&[][..], &adam[..1], adam] {
                let saved = checkpoint("cifar_resnet_8_4", density, block, columns, seed as u64);
                saved.save(&path).unwrap();
                assert_same(&Checkpoint::load(&path).unwrap(), &saved);
            }
        }
    }
}

#[test]
fn extra_tensors_come_back_and_are_left_out_where_there_are_none() {
    let mut saved = small();
    let plain = saved.to_bytes().unwrap();
    assert!(!String::from_utf8_lossy(&plain).contains("extra."));
    saved.extras.insert("dense_score".into(), Extra::F32(vec![0.5, -1.0, 1e-30]));
    saved.extras.insert("fired".into(), Extra::U32(vec![u32::MAX, 0, 7, 1 << 31]));
    saved.extras.insert("a \"name\"".into(), Extra::F32(Vec::new()));
    assert_same(&Checkpoint::from_bytes(&saved.to_bytes().unwrap()).unwrap(), &saved);
    let (header, data) = common::split(&saved.to_bytes().unwrap());
    let wrong = common::seal(&header.replacen("\"U32\",\"shape\":[4]", "\"I32\",\"shape\":[4]", 1), &data);
    assert!(matches!(Checkpoint::from_bytes(&wrong), Err(FormatError::Tensor { .. })), "another type");
}

#[test]
fn equal_content_gives_equal_bytes_whatever_the_order_of_the_state() {
    let (mut one, mut other) = (small(), small());
    one.meta.state = serde_json::json!({"a": 1, "b": {"x": [{"p": 1, "q": 2}], "y": 2}});
    other.meta.state = serde_json::json!({"b": {"y": 2, "x": [{"q": 2, "p": 1}]}, "a": 1});
    assert_eq!(one.to_bytes().unwrap(), other.to_bytes().unwrap());
    other.meta.step -= 1;
    assert_ne!(one.to_bytes().unwrap(), other.to_bytes().unwrap());
}

#[test]
fn saving_what_was_loaded_gives_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    small().save(&first).unwrap();
    let loaded = Checkpoint::load(&first).unwrap();
    save(&second, &loaded.meta, &loaded.store).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    assert_eq!(std::fs::read(&first).unwrap(), small().to_bytes().unwrap());
}

#[test]
fn the_safetensors_library_reads_the_file() {
    let saved = small();
    let bytes = saved.to_bytes().unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort();
    assert_eq!(names, ["momentum", "row_starts", "running_mean", "running_var", "taps", "value"]);
    let numbers = |name| {
        let data = file.tensor(name).unwrap().data();
        data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect::<Vec<_>>()
    };
    assert_eq!(bits(&numbers("value")), bits(saved.store.column(Column::Value)));
    assert_eq!(bits(&numbers("running_var")), bits(saved.store.running_var()));
    assert_eq!(file.tensor("taps").unwrap().dtype(), safetensors::Dtype::U16);
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(header % 8, 0, "tensors are aligned");
}

#[test]
fn the_second_moment_takes_room_only_when_used() {
    let size = |columns: &[Column]| {
        checkpoint("cifar_resnet_8", 0.5, UNSTRUCTURED, columns, 1).to_bytes().unwrap().len() as i64
    };
    let len = checkpoint("cifar_resnet_8", 0.5, UNSTRUCTURED, &[], 1).store.len() as i64;
    let sgd = size(&[Column::Value, Column::Momentum]);
    let adam = size(&[Column::Value, Column::Momentum, Column::SecondMoment]);
    assert!((adam - sgd - 4 * len).abs() < 200, "{sgd} {adam}");
    assert!((sgd - size(&[Column::Value]) - 4 * len).abs() < 200);
}

#[test]
fn a_column_that_holds_a_negative_zero_is_kept() {
    let mut saved = checkpoint("cifar_resnet_8", 0.1, UNSTRUCTURED, &[Column::Value], 1);
    saved.store.column_mut(Column::Momentum)[3] = -0.0;
    assert_same(&Checkpoint::from_bytes(&saved.to_bytes().unwrap()).unwrap(), &saved);
}

#[test]
fn files_shrink_with_the_number_of_weights() {
    let columns = [Column::Value, Column::Momentum];
    let rows: usize = common::graph("cifar_resnet_20").prunable().map(|weight| weight.shape[0] + 1).sum();
    for density in [0.002, 0.05, 0.5, 1.0] {
        let saved = checkpoint("cifar_resnet_20", density, UNSTRUCTURED, &columns, 1);
        let (bytes, nnz) = (saved.to_bytes().unwrap().len(), saved.store.nnz() as usize);
        let (dense, running) = (saved.store.len() - nnz, 2 * saved.store.running_mean().len());
        // 4 + 4 bytes a number and 2 a tap; what is left is the header.
        let header = bytes - (10 * nnz + 8 * dense + 4 * (running + rows));
        assert!(header < 10_000, "density {density}: {bytes} bytes, {header} of them header");
    }
}

#[test]
fn a_network_of_ones_own_with_long_rows_comes_back() {
    let wide = WeightShape::linear(2, 70_000);
    let mut builder = GraphBuilder::new("mine", Extent::vector(wide.inputs));
    let init = InitRule::Constant { value: 0.0 };
    builder.linear("fc", builder.input(), wide.outputs, init, init).unwrap();
    let graph = builder.build().unwrap();
    let pattern = Pattern::from_positions(wide, UNSTRUCTURED, &[3, 69_999, 70_000 + 65_536]).unwrap();
    let mut store = ParamStore::new(&graph, vec![pattern]).unwrap();
    common::fill(store.column_mut(Column::Value), 1, 1);
    let saved = Checkpoint { meta: Meta::new(&graph), store, extras: Extras::new() };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.ckpt");
    saved.save(&path).unwrap();
    assert_same(&Checkpoint::load_for(&path, &graph).unwrap(), &saved);
    let error = Checkpoint::load(&path).unwrap_err();
    assert!(matches!(error.kind(), FormatError::Model(_)), "{error}");
}

#[test]
fn the_header_alone_tells_what_is_inside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    let saved = small();
    saved.save(&path).unwrap();
    let mut bytes = saved.to_bytes().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let seen = inspect(&path).unwrap();
    assert_eq!((&seen.meta, seen.bytes, seen.nnz()), (&saved.meta, bytes.len() as u64, saved.store.nnz()));
    assert_eq!(seen.parameters.len(), saved.store.views().len());
    assert_eq!(seen.parameters[0].name, "conv.weight");
    assert_eq!(seen.version, env!("CARGO_PKG_VERSION"));
    assert!(matches!(Checkpoint::load(&path).unwrap_err().kind(), FormatError::Checksum { .. }));
}

#[test]
fn a_state_that_json_cannot_carry_is_refused_and_nothing_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    let mut deep = small();
    deep.meta.state = (0..200).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
    let mut nan = small();
    nan.meta.data.as_mut().unwrap().mean[0] = f64::NAN;
    for unstorable in [deep, nan] {
        let error = unstorable.save(&path).unwrap_err();
        assert!(matches!(error.kind(), FormatError::Unstorable { .. }), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
