//! The embedded digits are the published ones, split the same way for ever.

use rarefy_data::datasets::Digits;
use rarefy_data::{Dataset, Split};
use sha2::{Digest, Sha256};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Pixels (0 to 16) and label of every sample of a split.
fn samples(split: Split) -> Vec<(Vec<u8>, u32)> {
    let digits = Digits::shared().unwrap();
    let sample = |index| {
        let mut image = vec![0.0; 64];
        let label = digits.sample(split, index, None, &mut image).unwrap();
        assert!(image.iter().all(|input| (0.0..=1.0).contains(input) && (input * 16.0).fract() == 0.0));
        (image.iter().map(|input| (input * 16.0) as u8).collect(), label)
    };
    (0..digits.len(split) as u32).map(sample).collect()
}

#[test]
fn the_archive_is_the_published_one() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/digits/digits.csv.gz");
    let digest = sha256(&std::fs::read(file).unwrap());
    assert_eq!(digest, "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22");
}

#[test]
fn every_split_holds_each_class_in_proportion() {
    let counts = Split::ALL.map(|split| {
        let mut counts = [0; 10];
        samples(split).iter().for_each(|&(_, label)| counts[label as usize] += 1);
        counts
    });
    assert_eq!(counts.map(|counts| counts.iter().sum::<usize>()), [1257, 180, 360]);
    // Largest remainders of 180 and 360 over classes of 178, 182, 177, 183, 181, 182, 181, 179, 174, 180.
    assert_eq!(counts[0], [124, 127, 124, 128, 127, 128, 127, 125, 121, 126]);
    assert_eq!(counts[1], [18, 18, 18, 18, 18, 18, 18, 18, 18, 18]);
    assert_eq!(counts[2], [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]);
}

#[test]
fn the_split_never_changes() {
    let digest = |split| {
        let bytes: Vec<u8> = samples(split)
            .into_iter()
            .flat_map(|(mut pixels, label)| {
                pixels.push(label as u8);
                pixels
            })
            .collect();
        sha256(&bytes)
    };
    let [train, validation, test] = Split::ALL.map(digest);
    assert_eq!(train, "599848a9e8b66c4f9d2842c8ae7b746db72b31461832ae56d285c73288b0035a");
    assert_eq!(validation, "e0a3f1e24f4422793908ac800501b05bea49f12977562ef6d3d567490b288b74");
    assert_eq!(test, "776724b9d4ca5f549d6b1d3cbafc3919f5c4525722b20b847c2e22508cd6b44c");
}

#[test]
fn no_image_is_lost_or_shared_by_two_splits() {
    // The file as it stands, unpacked by other means than the data set's.
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/digits/digits.csv.gz");
    let mut text = String::new();
    let mut archive = flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap());
    std::io::Read::read_to_string(&mut archive, &mut text).unwrap();
    let mut published: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = |(pixels, label): (Vec<u8>, u32)| {
        pixels.iter().map(|pixel| format!("{pixel},")).collect::<String>() + &label.to_string()
    };
    let mut ours: Vec<String> = Split::ALL.into_iter().flat_map(samples).map(line).collect();
    published.sort();
    ours.sort();
    assert_eq!(ours, published);
}
