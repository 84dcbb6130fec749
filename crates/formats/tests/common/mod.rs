//! Networks with arbitrary content, and files altered at will.
#![allow(dead_code, reason = "every test file uses its own part")]

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Extent, Pattern};
use rarefy_formats::{Checkpoint, DataInfo, Extras, Meta, Seeds};
use rarefy_nn::graph::Graph;
use rarefy_nn::models;
use rarefy_nn::params::{Column, ParamStore};
use sha2::{Digest, Sha256};

pub(crate) const DIGITS: Extent = Extent { channels: 1, height: 8, width: 8 };
pub(crate) const UNSTRUCTURED: Block = Block::UNSTRUCTURED;

pub(crate) fn graph(name: &str) -> Graph {
    models::build(name, DIGITS, 10).unwrap()
}

/// About `density` of `graph`'s weights in blocks as near to `block` as they fit.
pub(crate) fn store(graph: &Graph, density: f64, block: Block, seed: u64) -> ParamStore {
    let patterns = (0..).zip(graph.prunable()).map(|(layer, parameter)| {
        let shape = graph.node(parameter.node).op.weight().unwrap();
        let block = block.fit(shape);
        let positions = (shape.len() / block.len()) as u32;
        let count = (density * f64::from(positions)).round() as u32;
        let chosen = Stream::new(seed, Purpose::Mask, layer).choose(positions, count);
        Pattern::from_positions(shape, block, &chosen).unwrap()
    });
    ParamStore::new(graph, patterns.collect()).unwrap()
}

/// Any finite numbers: the largest, subnormals and both zeros occur.
pub(crate) fn fill(numbers: &mut [f32], seed: u64, index: u64) {
    let mut stream = Stream::new(seed, Purpose::Synthetic, index);
    let odd = [f32::MAX, f32::MIN, f32::MIN_POSITIVE / 4.0, -0.0, 0.0];
    for number in numbers {
        *number = match stream.below(8) {
            0 => odd[stream.below(5) as usize],
            1 => Some(f32::from_bits(stream.word() as u32)).filter(|any| any.is_finite()).unwrap_or(1.0),
            _ => stream.normal() as f32,
        };
    }
}

pub(crate) fn checkpoint(
    name: &str,
    density: f64,
    block: Block,
    columns: &[Column],
    seed: u64,
) -> Checkpoint {
    let graph = graph(name);
    let mut store = store(&graph, density, block, seed);
    for &column in columns {
        fill(store.column_mut(column), seed, column as u64);
    }
    // Squares, and means of squares.
    store.column_mut(Column::SecondMoment).iter_mut().for_each(|square| *square = square.abs());
    let (mean, var) = store.running_mut();
    fill(mean, seed, 100);
    fill(var, seed, 101);
    var.iter_mut().for_each(|variance| *variance = variance.abs());
    let meta = Meta {
        step: u64::MAX,
        epoch: 7,
        seeds: Some(Seeds { mask: u64::MAX, init: 2, data: 3 }),
        data: Some(DataInfo { name: "digits".into(), mean: vec![0.1 + 0.2], std: vec![1.0] }),
        state: serde_json::json!({"best": {"epoch": 5, "val_acc": 0.1 + 0.7}, "loss": [1e-300, 2.5, null]}),
        ..Meta::new(&graph)
    };
    Checkpoint { meta, store, extras: Extras::new() }
}

/// A checkpoint of a few hundred numbers.
pub(crate) fn small() -> Checkpoint {
    checkpoint("cifar_resnet_8_2", 0.3, UNSTRUCTURED, &[Column::Value, Column::Momentum], 5)
}

pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// The JSON header without its padding, and the tensors' bytes.
pub(crate) fn split(file: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&file[8..8 + length]).unwrap();
    (header.trim_end().to_owned(), file[8 + length..].to_vec())
}

/// A file with this header and data whose length and checksum are right, as the format describes them.
pub(crate) fn seal(header: &str, data: &[u8]) -> Vec<u8> {
    seal_bytes([&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat())
}

pub(crate) fn seal_bytes(mut file: Vec<u8>) -> Vec<u8> {
    let length = format!("{:016}", file.len());
    file[41..57].copy_from_slice(length.as_bytes());
    file[76..140].fill(b'0');
    let digest: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    file[76..140].copy_from_slice(digest.as_bytes());
    file
}
