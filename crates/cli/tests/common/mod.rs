//! What the tests of the binary share.
#![allow(dead_code)] // Every test file uses its part.

use assert_cmd::Command;
use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;

/// The binary, in `folder`.
pub(crate) fn rarefy(folder: &TempDir) -> Command {
    let mut command = Command::cargo_bin("rarefy").unwrap();
    command.current_dir(folder);
    command
}

/// A network so small that an epoch takes little time: 20 steps.
pub(crate) const TINY: &[&str] = &["--model", "cifar_resnet_8_4", "--threads", "1"];

/// An empty folder.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Every file under `path` with its bytes.
pub(crate) fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(path).unwrap().display().to_string();
                all.insert(name, std::fs::read(&entry).unwrap());
            }
        }
    }
    all
}

/// Runs to the failure that is expected: its exit code, one message with every one of `words`, no panic, nothing on
/// standard output. Gives standard error.
pub(crate) fn fails(command: &mut Command, code: i32, words: &[&str]) -> String {
    let output = command.assert().failure().get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.starts_with("error: "), "{text}");
    assert_eq!(text.matches("error: ").count(), 1, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert!(output.stdout.is_empty(), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
    text
}

/// Metrics without what the clock decides.
pub(crate) fn timeless_metrics(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path.join("metrics.jsonl")).unwrap();
    let line = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        let keys = value.as_object_mut().unwrap();
        keys.remove("seconds").unwrap();
        keys.remove("images_per_sec").unwrap();
        value
    };
    text.lines().map(line).collect()
}

/// Asserts that two runs came to the same bits.
pub(crate) fn same_run(left: &Path, right: &Path) {
    for file in ["last.ckpt", "best.ckpt"] {
        let read = |run: &Path| std::fs::read(run.join(file)).unwrap();
        assert!(read(left) == read(right), "{file} differs");
    }
    assert_eq!(timeless_metrics(left), timeless_metrics(right));
    let summary = |run: &Path| {
        let text = std::fs::read_to_string(run.join("summary.json")).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["seconds"].take();
        value["peak_rss_mb"].take();
        value
    };
    assert_eq!(summary(left), summary(right));
}

/// Every text of an SVG file, in order.
pub(crate) fn texts(svg: &[u8]) -> Vec<String> {
    let svg = std::str::from_utf8(svg).unwrap();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"), "{svg}");
    let after =
        |text: &str| text.split_once('>').unwrap().1.split_once("</text>").unwrap().0.trim().to_owned();
    svg.split("<text").skip(1).map(after).collect()
}
