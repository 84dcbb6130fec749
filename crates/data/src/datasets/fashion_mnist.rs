//! Fashion-MNIST in its official IDX files.

use super::Entry;
use crate::augment::{Augmentation, Crop, Padding};
use crate::fetch::Source;
use crate::stored::{DataFile, Layout, MeanStd, Set, Sum};
use rarefy_core::Extent;

pub(super) const ENTRY: Entry = Entry {
    name: SET.name,
    about: "70,000 pictures of clothes of 28x28 pixels, 10 classes",
    open: |options| SET.open(options),
    set: Some(&SET),
};

static SET: Set = Set {
    name: "fashion-mnist",
    classes: 10,
    extent: Extent { channels: 1, height: 28, width: 28 },
    // The second is torchvision's.
    folders: &["fashion-mnist", "FashionMNIST/raw"],
    train: &[
        DataFile {
            name: "train-images-idx3-ubyte",
            layout: Layout::idx_images(60_000),
            md5: Some("f4a8712d7a061bf5bd6d2ca38dc4d50a"),
        },
        DataFile {
            name: "train-labels-idx1-ubyte",
            layout: Layout::idx_labels(&[10], 60_000),
            md5: Some("9018921c3c673c538a1fc5bad174d6f9"),
        },
    ],
    test: &[
        DataFile {
            name: "t10k-images-idx3-ubyte",
            layout: Layout::idx_images(10_000),
            md5: Some("8181f5470baa50b63fa0f6fddb340f0a"),
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte",
            layout: Layout::idx_labels(&[10], 10_000),
            md5: Some("15d484375f8d13e6eb1aabb0c3f46965"),
        },
    ],
    augmentation: Augmentation { crop: Some(Crop { pad: 2, padding: Padding::Zero }), flip: true },
    valid_split: 0.1,
    standard: MeanStd { mean: &[0.2860], std: &[0.3530] },
    published: None,
    pads_to_32: false,
    sources: &[
        Source::Packed {
            address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            files: &[
                ("train-images-idx3-ubyte", 26_421_880, Sum::Md5("8d4fb7e6c68d591d4c3dfef9ec88bf0d")),
                ("train-labels-idx1-ubyte", 29_515, Sum::Md5("25c81989df183df01b3e8a0aad5dffbe")),
                ("t10k-images-idx3-ubyte", 4_422_102, Sum::Md5("bef4ecab320f06d8554ea6380940ec79")),
                ("t10k-labels-idx1-ubyte", 5_148, Sum::Md5("bb300cfdad3c16e7a12a480ee83cd310")),
            ],
        },
        Source::Installed { folder: "/usr/share/datasets/fashion-mnist", package: "dataset-fashion-mnist" },
    ],
};
