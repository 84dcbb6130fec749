//! CIFAR-100 in its official binary version; the 100 fine labels are learned.

use super::Entry;
use crate::augment::{Augmentation, Crop, Padding};
use crate::fetch::Source;
use crate::stored::{DataFile, Layout, MeanStd, Set, Sum};
use rarefy_core::Extent;

pub(super) const ENTRY: Entry = Entry {
    name: SET.name,
    about: "60,000 colour photographs of 32x32 pixels, 100 classes",
    open: |options| SET.open(options),
    set: Some(&SET),
};

/// A coarse label, then the fine one. Only the archive's checksum is published, not those of its files.
const fn file(name: &'static str, records: u32) -> DataFile {
    DataFile { name, layout: Layout::cifar(&[20, 100], records), md5: None }
}

static SET: Set = Set {
    name: "cifar100",
    classes: 100,
    extent: Extent { channels: 3, height: 32, width: 32 },
    folders: &["cifar-100-binary"],
    train: &[file("train.bin", 50_000)],
    test: &[file("test.bin", 10_000)],
    augmentation: Augmentation { crop: Some(Crop { pad: 4, padding: Padding::Zero }), flip: true },
    valid_split: 0.1,
    standard: MeanStd { mean: &[0.5071, 0.4865, 0.4409], std: &[0.2673, 0.2564, 0.2762] },
    published: None,
    pads_to_32: false,
    sources: &[Source::Archive {
        url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        bytes: 168_513_733,
        sum: Sum::Md5("03b5dce01913d631647c71ecec9e9cb8"),
        folder: "cifar-100-binary/",
    }],
};
