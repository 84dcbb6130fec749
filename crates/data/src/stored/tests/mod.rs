//! Data sets of official files, shrunk and filled with made-up content of the official format.

mod laws;
mod options;
mod reader;
mod verify;

use super::{DataFile, Layout, Set};
use crate::datasets::REGISTRY;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Images of a shrunk file of training images, and of test images.
pub(crate) const TRAIN: u32 = 20;
pub(crate) const TEST: u32 = 10;

/// The data set called `name` with [`TRAIN`] and [`TEST`] images a file, and no published checksums.
pub(crate) fn shrunk(name: &str) -> Set {
    let set = REGISTRY.iter().find(|entry| entry.name == name).unwrap().set.unwrap();
    let shrink = |files: &[DataFile], records| {
        let file =
            |file: &DataFile| DataFile { layout: Layout { records, ..file.layout }, md5: None, ..*file };
        &*files.iter().map(file).collect::<Vec<_>>().leak()
    };
    Set { train: shrink(set.train, TRAIN), test: shrink(set.test, TEST), ..*set }
}

/// Names of all data sets of official files.
pub(crate) fn stored_sets() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().filter(|entry| entry.set.is_some()).map(|entry| entry.name)
}

/// A file of the official format with made-up content, another one for every `salt`.
pub(crate) fn content(layout: &Layout, salt: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = layout.header().iter().flat_map(|(_, word)| word.to_be_bytes()).collect();
    for record in 0..layout.records as usize {
        bytes.extend(layout.labels.iter().map(|&classes| ((record * 7 + salt) % usize::from(classes)) as u8));
        bytes.extend((0..layout.pixels).map(|at| (record * 31 + at * 17 + (at >> 5) * 3 + salt) as u8));
    }
    bytes
}

/// Content of every file of `set`, in order.
pub(crate) fn contents(set: &Set) -> Vec<(&'static str, Vec<u8>)> {
    set.files().enumerate().map(|(salt, file)| (file.name, content(&file.layout, salt))).collect()
}

/// A data directory with the files of `set`, and their folder.
pub(crate) fn stored(set: &Set) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(set.folders[0]);
    write_all(&folder, &contents(set));
    (dir, folder)
}

/// Writes `files` into `folder`.
pub(crate) fn write_all(folder: &Path, files: &[(&str, Vec<u8>)]) {
    std::fs::create_dir_all(folder).unwrap();
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
}

/// `set`, for ever.
pub(crate) fn leak(set: Set) -> &'static Set {
    Box::leak(Box::new(set))
}

/// `bytes`, packed as `gzip` does.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, bytes).unwrap();
    packer.finish().unwrap()
}
