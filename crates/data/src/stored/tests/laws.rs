//! Laws of every data set known by name, and what its samples are.

use super::{TEST, TRAIN, content, contents, leak, shrunk, stored};
use crate::augment::Padding;
use crate::datasets::REGISTRY;
use crate::{DataError, Dataset, Draw, Options, Split};
use std::sync::Arc;

/// The data set called `name`; those of official files shrunk.
fn opened(name: &str) -> Arc<dyn Dataset> {
    let entry = REGISTRY.iter().find(|entry| entry.name == name).unwrap();
    if entry.set.is_none() {
        return (entry.open)(&Options::default()).unwrap();
    }
    let set = leak(shrunk(name));
    let (dir, _) = stored(set);
    set.open(&Options { data_dir: Some(dir.path().into()), ..Options::default() }).unwrap()
}

#[test]
fn every_data_set_keeps_the_laws() {
    for entry in REGISTRY {
        let data = opened(entry.name);
        let (len, classes) = (data.extent().len(), data.classes() as u32);
        assert_eq!(data.name(), entry.name);
        assert_eq!(crate::shape(entry.name), Ok((data.extent(), data.classes())));
        assert!(len > 0 && classes > 1 && !entry.about.is_empty());
        let normalization = data.normalization();
        assert_eq!(normalization.mean.len(), data.extent().channels);
        assert_eq!(normalization.std.len(), data.extent().channels);
        for split in Split::ALL {
            let samples = data.len(split) as u32;
            assert_eq!(data.is_empty(split), samples == 0);
            for index in (0..samples).step_by(1 + samples as usize / 100) {
                for draw in [None, Some(Draw { seed: 1, epoch: 2 })] {
                    let (mut image, mut again) = (vec![f32::NAN; len], vec![7.0; len]);
                    let label = data.sample(split, index, draw, &mut image).unwrap();
                    assert!(label < classes);
                    assert!(image.iter().all(|input| input.is_finite()), "every number is written");
                    assert_eq!(data.sample(split, index, draw, &mut again).unwrap(), label);
                    assert_eq!(image, again);
                }
            }
            let past = data.sample(split, samples, None, &mut vec![0.0; len]);
            assert!(matches!(past, Err(DataError::Index { .. })), "{past:?}");
            for wrong in [0, len - 1, len + 1] {
                let refused = data.sample(split, 0, None, &mut vec![0.0; wrong]);
                assert!(matches!(refused, Err(DataError::Buffer { .. })), "{refused:?}");
            }
        }
    }
}

/// Image `index` of the files of a split as the issue of the data set has it: pixels and label.
fn official(name: &str, split: Split, index: usize) -> (Vec<u8>, u32) {
    let set = shrunk(name);
    let files = contents(&set);
    let (files, at) = match split {
        Split::Test => (&files[set.train.len()..], index),
        _ => (&files[..set.train.len()], index),
    };
    let pixels = set.extent.len();
    if set.extent.channels == 1 {
        let (images, labels) = (&files[0].1[16..], &files[1].1[8..]);
        return (images[at * pixels..][..pixels].to_vec(), labels[at].into());
    }
    let labels = if set.classes == 100 { 2 } else { 1 };
    let records: Vec<&[u8]> = files.iter().flat_map(|(_, bytes)| bytes.chunks(labels + pixels)).collect();
    (records[at][labels..].to_vec(), records[at][labels - 1].into())
}

/// `pixels` augmented by the definition: the padded image is written out, a window cut out, and mirrored.
fn augmented(name: &str, pixels: &[u8], draw: Option<Draw>, index: u32) -> Vec<u8> {
    let set = shrunk(name);
    let (Some(draw), Some(crop)) = (draw, set.augmentation.crop) else { return pixels.to_vec() };
    let drawn = set.augmentation.draw(draw, index);
    let (side, pad) = (set.extent.width as i32, i32::from(crop.pad));
    let reflected = |at: i32| {
        if at < 0 {
            -at
        } else if at >= side {
            2 * side - 2 - at
        } else {
            at
        }
    };
    let inside = |at: i32| (0..side).contains(&at);
    let mut image = Vec::new();
    for plane in pixels.chunks((side * side) as usize) {
        let mut padded = Vec::new();
        for (row, column) in (-pad..side + pad).flat_map(|r| (-pad..side + pad).map(move |c| (r, c))) {
            padded.push(match crop.padding {
                Padding::Reflect => plane[(reflected(row) * side + reflected(column)) as usize],
                Padding::Zero if inside(row) && inside(column) => plane[(row * side + column) as usize],
                Padding::Zero => 0,
            });
        }
        for row in padded.chunks((side + 2 * pad) as usize).skip(drawn.row.into()).take(side as usize) {
            let mut window = row[drawn.column.into()..][..side as usize].to_vec();
            if drawn.flip {
                window.reverse();
            }
            image.extend(window);
        }
    }
    image
}

#[test]
fn samples_are_the_files_images_augmented_and_normalized() {
    for name in super::stored_sets() {
        let data = opened(name);
        let held_out = data.len(Split::Validation);
        let all = data.len(Split::Train) + held_out;
        let files = if data.extent().channels == 3 { shrunk(name).train.len() } else { 1 };
        assert_eq!(all, TRAIN as usize * files);
        assert_eq!((held_out, data.len(Split::Test)), (all / 10, TEST as usize));
        let constants = data.normalization();
        for (split, first) in [(Split::Train, 0), (Split::Validation, all - held_out), (Split::Test, 0)] {
            for index in 0..data.len(split) as u32 {
                for draw in [None, Some(Draw { seed: 5, epoch: index })] {
                    let (pixels, label) = official(name, split, first + index as usize);
                    let mut found = vec![f32::NAN; data.extent().len()];
                    assert_eq!(data.sample(split, index, draw, &mut found).unwrap(), label);
                    let pixels = augmented(name, &pixels, draw, index);
                    let expected = pixels.iter().enumerate().map(|(at, &pixel)| {
                        let channel = at / (data.extent().height * data.extent().width);
                        ((f64::from(pixel) / 255.0 - constants.mean[channel]) / constants.std[channel]) as f32
                    });
                    assert!(found.iter().copied().eq(expected), "{name}: {split} sample {index}, {draw:?}");
                }
            }
        }
    }
}

#[test]
fn files_have_the_official_sizes() {
    let bytes = |name: &str| {
        let set = REGISTRY.iter().find(|entry| entry.name == name).unwrap().set.unwrap();
        set.files().map(|file| file.layout.file_bytes()).collect::<Vec<_>>()
    };
    assert_eq!(bytes("cifar10"), [30_730_000; 6]);
    assert_eq!(bytes("cifar100"), [153_700_000, 30_740_000]);
    assert_eq!(bytes("mnist"), [47_040_016, 60_008, 7_840_016, 10_008]);
    assert_eq!(bytes("fashion-mnist"), bytes("mnist"));
    let labels = content(&shrunk("mnist").train[1].layout, 0);
    assert_eq!(labels[..8], [0, 0, 8, 1, 0, 0, 0, TRAIN as u8]);
}
