//! What is exported is the dense network under PyTorch's names.

mod common;

use common::{UNSTRUCTURED, bits, checkpoint};
use rarefy_core::Block;
use rarefy_formats::export::safetensors::save_dense;
use rarefy_formats::{Checkpoint, FormatError};
use rarefy_nn::params::Column;
use safetensors::{Dtype, SafeTensors};

fn exported(checkpoint: &Checkpoint) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("net.safetensors");
    save_dense(&path, checkpoint).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    std::fs::read(&path).unwrap()
}

fn floats(data: &[u8]) -> Vec<u32> {
    data.chunks_exact(4).map(|number| u32::from_le_bytes(number.try_into().unwrap())).collect()
}

fn sample(model: &str, density: f64, block: Block) -> Checkpoint {
    let mut sample = checkpoint(model, density, block, &[Column::Value, Column::Momentum], 3);
    sample.meta.step = 4711;
    sample
}

#[test]
fn every_parameter_and_statistic_is_there_in_full() {
    for (density, block) in [(0.05, UNSTRUCTURED), (0.3, Block { rows: 2, columns: 2 }), (1.0, UNSTRUCTURED)]
    {
        let checkpoint = sample("cifar_resnet_8_4", density, block);
        let file = exported(&checkpoint);
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let store = &checkpoint.store;
        for (view, place) in store.views().iter().enumerate() {
            let tensor = tensors.tensor(&place.parameter.name).unwrap();
            assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, &place.parameter.shape[..]));
            assert_eq!(floats(tensor.data()), bits(&store.to_dense(view, Column::Value)));
        }
        for (norm, channels) in store.norms() {
            let tensor = |buffer: &str| tensors.tensor(&format!("{norm}.{buffer}")).unwrap();
            let steps = tensor("num_batches_tracked");
            assert_eq!((steps.dtype(), steps.shape()), (Dtype::I64, &[][..]));
            assert_eq!(steps.data(), 4711i64.to_le_bytes());
            assert_eq!(tensor("running_mean").shape(), [channels.len()]);
            assert_eq!(floats(tensor("running_mean").data()), bits(&store.running_mean()[channels.clone()]));
            assert_eq!(floats(tensor("running_var").data()), bits(&store.running_var()[channels.clone()]));
        }
        assert_eq!(tensors.len(), store.views().len() + 3 * store.norms().len());
    }
}

#[test]
fn names_are_those_of_the_published_modules() {
    let file = exported(&sample("cifar_resnet_8_2", 0.5, UNSTRUCTURED));
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let norm = |name: &str| {
        ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
            .map(|buffer| format!("{name}.{buffer}"))
    };
    let mut expected = vec!["conv.weight".to_owned(), "fc.weight".to_owned(), "fc.bias".to_owned()];
    expected.extend(norm("bn"));
    for block in 0..3 {
        for layer in 1..=2 {
            expected.push(format!("blocks.{block}.conv{layer}.weight"));
            expected.extend(norm(&format!("blocks.{block}.bn{layer}")));
        }
    }
    for block in 1..3 {
        expected.push(format!("blocks.{block}.shortcut.0.weight"));
        expected.extend(norm(&format!("blocks.{block}.shortcut.1")));
    }
    expected.sort();
    let mut found: Vec<String> = tensors.names().into_iter().map(str::to_owned).collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_tensor_is_aligned_and_the_header_says_what_the_network_is() {
    let file = exported(&sample("cifar_resnet_8_2", 0.5, UNSTRUCTURED));
    let (length, metadata) = SafeTensors::read_metadata(&file).unwrap();
    assert_eq!(length % 8, 0);
    for info in metadata.tensors().values() {
        assert_eq!(info.data_offsets.0 * 8 % info.dtype.bitsize(), 0);
    }
    let texts = metadata.metadata().as_ref().unwrap();
    for (key, text) in [
        ("format", "pt"),
        ("model", "cifar_resnet_8_2"),
        ("classes", "10"),
        ("input", "1x8x8"),
        ("step", "4711"),
        ("data", "digits"),
        ("mean", "0.30000000000000004"),
        ("std", "1"),
    ] {
        assert_eq!(texts[key], text, "{key}");
    }
}

#[test]
fn equal_networks_give_equal_bytes() {
    let export = || exported(&sample("cifar_resnet_8_2", 0.5, UNSTRUCTURED));
    assert!(export() == export());
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("absent/net.safetensors");
    let error = save_dense(&path, &sample("cifar_resnet_8_2", 0.5, UNSTRUCTURED)).unwrap_err();
    assert!(matches!(error, FormatError::Io { action: "write", .. }), "{error}");
    assert!(error.to_string().contains("absent/net.safetensors"), "{error}");
}
