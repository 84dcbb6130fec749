//! Sets of pictures and of corrupted images for `rarefy eval`: what is read, what is passed over, what is refused.

mod common;

use common::{TINY, fails, folder, rarefy};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const JPEG: &[u8] = include_bytes!("../../../tests/pictures/baseline.jpg");
const PNG: &[u8] = include_bytes!("../../../tests/pictures/picture.png");
const KINDS: [&str; 15] = [
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "defocus_blur",
    "glass_blur",
    "motion_blur",
    "zoom_blur",
    "snow",
    "frost",
    "fog",
    "brightness",
    "contrast",
    "elastic_transform",
    "pixelate",
    "jpeg_compression",
];

/// A folder with the run `run`.
fn trained() -> TempDir {
    let folder = folder();
    rarefy(&folder).args(["train", "--epochs", "1", "--quiet", "--out", "run"]).args(TINY).assert().success();
    folder
}

/// The report, and what standard error says.
fn eval(folder: &TempDir, args: &[&str]) -> (Value, String) {
    let output = rarefy(folder).args(["eval", "run", "--json"]).args(args).assert().success();
    let output = output.get_output();
    (serde_json::from_slice(&output.stdout).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn refused(folder: &TempDir, args: &[&str], code: i32, words: &[&str]) {
    fails(rarefy(folder).args(["eval", "run", "--quiet"]).args(args), code, words);
}

/// An array of bytes as NumPy writes it.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), data].concat()
}

/// Official files of two grey images of 8 x 8 pixels, of the classes 3 and 5, at five severities: `.npy` files have channels
/// last.
fn official(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("labels.npy"), npy("|u1", "(10,)", &[3, 5, 3, 5, 3, 5, 3, 5, 3, 5])).unwrap();
    for kind in KINDS {
        fs::write(folder.join(format!("{kind}.npy")), npy("|u1", "(10, 8, 8, 1)", &[7; 640])).unwrap();
    }
}

#[test]
fn official_corruptions_are_read() {
    let folder = trained();
    official(&folder.path().join("official"));
    let (report, told) = eval(&folder, &["--corruptions=official"]);
    assert_eq!(told, "");
    let corruptions = &report["results"][0]["corruptions"];
    assert_eq!(corruptions.get("missing"), None);
    let kinds = corruptions["kinds"].as_array().unwrap();
    assert_eq!(kinds.iter().map(|kind| kind["name"].as_str().unwrap()).collect::<Vec<_>>(), KINDS);
    // Equal images of two classes: one of them at most is right.
    let errors = |report: &Value| {
        let errors = &report["results"][0]["corruptions"]["kinds"][0]["errors"];
        errors.as_array().unwrap().iter().map(|error| error.as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert!(errors(&report).iter().all(|&error| error >= 0.5), "{report}");
    // The first sample alone is the same image of the same class at every severity.
    let first = errors(&eval(&folder, &["--corruptions=official", "--samples", "1"]).0);
    assert!(first == [0.0; 5] || first == [1.0; 5], "{first:?}");
}

#[test]
fn kinds_of_corruption_that_are_missing_are_named_and_only_left_out_if_asked() {
    let folder = trained();
    let path = folder.path().join("official");
    official(&path);
    for kind in ["fog", "snow"] {
        fs::remove_file(path.join(format!("{kind}.npy"))).unwrap();
    }
    let words = ["of 15 kinds of corruption 2 have no file: snow.npy, fog.npy", "--allow-incomplete"];
    refused(&folder, &["--corruptions=official"], 3, &words);
    let (report, told) =
        eval(&folder, &["--corruptions=official", "--allow-incomplete", "--reference", "run"]);
    assert_eq!(told, "official: 2 left out: snow; fog\n", "once, though the reference has them too");
    let corruptions = &report["results"][0]["corruptions"];
    assert_eq!(corruptions["missing"], serde_json::json!(["snow", "fog"]));
    assert_eq!(corruptions["kinds"].as_array().unwrap().len(), 13);
    let text = rarefy(&folder).args(["eval", "run", "--corruptions=official", "--allow-incomplete"]).assert();
    let text = String::from_utf8(text.success().get_output().stdout.clone()).unwrap();
    assert!(text.contains("official, 13 of 15 kinds"), "{text}");
}

#[test]
fn official_files_of_another_form_are_refused() {
    let folder = trained();
    let path = folder.path().join("official");
    official(&path);
    let wrong = |name: &str, file: &[u8], code: i32, words: &[&str]| {
        let before = fs::read(path.join(name)).unwrap();
        fs::write(path.join(name), file).unwrap();
        refused(&folder, &["--corruptions=official"], code, &[&[name], words].concat());
        refused(&folder, &["--corruptions=official", "--allow-incomplete"], code, words);
        fs::write(path.join(name), before).unwrap();
    };
    let colours = npy("|u1", "(10, 8, 8, 3)", &[7; 1920]);
    wrong("fog.npy", &colours, 3, &["[10, 8, 8, 3]", "[10, 8, 8, 1]"]);
    wrong("fog.npy", &npy("|u1", "(10, 8, 8, 1)", &[7; 600]), 3, &["ends too early: 600 bytes"]);
    wrong("fog.npy", &npy("<f4", "(10, 8, 8, 1)", &[7; 640]), 3, &["<f4"]);
    let fewer = npy("|u1", "(8, 8, 8, 1)", &[7; 512]);
    wrong("fog.npy", &fewer, 3, &["[8, 8, 8, 1]", "expected 10 images as in labels.npy"]);
    wrong("fog.npy", b"garbage, no array", 3, &["no .npy file"]);
    wrong("fog.npy", b"", 3, &["ends too early"]);
    let labels = |labels: &[u8]| npy("|u1", &format!("({},)", labels.len()), labels);
    wrong("labels.npy", &labels(&[1, 2, 1, 2, 1, 2, 1, 2]), 3, &["8 labels", "at 5 severities"]);
    wrong("labels.npy", &labels(&[]), 3, &["0 labels"]);
    let mixed = [3, 5, 3, 5, 3, 4, 3, 5, 3, 5];
    wrong("labels.npy", &labels(&mixed), 3, &["the labels of severity 3 are not those of severity 1"]);
    wrong("labels.npy", &labels(&[11; 10]), 2, &["has label 11", "the network expects 10 classes"]);
    fs::remove_file(path.join("labels.npy")).unwrap();
    refused(&folder, &["--corruptions=official"], 1, &["labels.npy"]);
}

#[test]
fn a_ratio_to_a_reference_without_errors_is_undefined() {
    let folder = trained();
    let path = folder.path().join("official");
    official(&path);
    // Labels that the network gives: it makes no error.
    let class = (0..10u8).find(|&class| {
        fs::write(path.join("labels.npy"), npy("|u1", "(10,)", &[class; 10])).unwrap();
        let (report, _) = eval(&folder, &["--corruptions=official"]);
        report["results"][0]["corruptions"]["mean_error"] == 0.0
    });
    assert!(class.is_some());
    let (report, _) = eval(&folder, &["--corruptions=official", "--reference", "run"]);
    assert_eq!(report["results"][0]["corruptions"]["relative"]["ratio"], Value::Null);
}

#[test]
fn pictures_of_a_folder_are_read_and_hidden_files_passed_over() {
    let folder = trained();
    let path = folder.path().join("a,b");
    for (name, bytes) in [
        ("1.JPG", JPEG),
        ("2.png", PNG),
        ("below/3.Jpeg", JPEG),
        ("notes.txt", b"no picture"),
        ("._1.JPG", b"of another system"),
        (".DS_Store", b""),
        (".ipynb_checkpoints/2.png", b"no picture"),
    ] {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), bytes).unwrap();
    }
    let rows = |args: &[&str]| {
        let (report, told) = eval(&folder, &[args, &["--scores", "msp", "--samples", "5"]].concat());
        assert_eq!(told, "");
        let rows = report["results"][0]["ood"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| format!("{} {}", row["set"].as_str().unwrap(), row["samples"]))
            .collect::<Vec<_>>()
    };
    // A comma separates where a name follows.
    let expected = ["uniform 5", "imagefolder:a,b 3", "digits 5"];
    assert_eq!(rows(&["--ood", "uniform,imagefolder:a,b,digits"]), expected);
    assert_eq!(rows(&["--ood", "uniform", "--ood", "imagefolder:a,b", "--ood", "digits"]), expected);
    // Unless the folder itself is called so.
    fs::rename(&path, folder.path().join("a,digits")).unwrap();
    assert_eq!(rows(&["--ood", "imagefolder:a,digits"]), ["imagefolder:a,digits 3"]);
}

#[test]
fn folders_without_pictures_are_refused_with_what_was_found() {
    let folder = trained();
    let ood = |set: &str, code: i32, words: &[&str]| {
        refused(&folder, &["--ood", set, "--scores", "msp"], code, words);
    };
    ood("imagefolder:absent", 1, &["absent"]);
    ood("imagefolder:absent,unifrom", 1, &["absent,unifrom", "a comma starts another set"]);
    for set in ["imagefolder", "imagefolder:", "uniform,imagefolder:"] {
        ood(set, 2, &["`imagefolder` needs the folder of its pictures: imagefolder:DIR"]);
    }
    let path = folder.path().join("set");
    fs::create_dir(&path).unwrap();
    ood("imagefolder:set", 3, &["no picture that is read: PNG and JPEG (.png, .jpg, .jpeg)", "it is empty"]);
    fs::write(path.join("a.webp"), "").unwrap();
    fs::write(path.join("b.gif"), "").unwrap();
    ood("imagefolder:set", 3, &["PNG and JPEG", "found 2 other files, e.g. `a.webp`, `b.gif`"]);
}

#[test]
fn pictures_that_are_not_whole_are_named_and_only_left_out_if_asked() {
    let folder = trained();
    let path = folder.path().join("set");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("a.jpg"), JPEG).unwrap();
    fs::write(path.join("b.png"), PNG).unwrap();
    let asked = ["--ood", "imagefolder:set", "--scores", "msp"];
    for (name, bytes, problem) in [
        ("half.jpg", &JPEG[..JPEG.len() / 2], "it ends too early"),
        ("half.png", &PNG[..PNG.len() / 2], "half.png"),
        ("other.png", b"RIFF    WEBP", "neither PNG nor JPEG"),
    ] {
        fs::write(path.join(name), bytes).unwrap();
        refused(&folder, &asked, 3, &[name, problem, "--allow-incomplete"]);
        let (report, told) = eval(&folder, &[&asked[..], &["--allow-incomplete"]].concat());
        assert!(told.starts_with(&format!("imagefolder:set: 1 left out: set/{name}: ")), "{told}");
        let row = &report["results"][0]["ood"][0];
        assert_eq!((&row["samples"], &row["left_out"]), (&2.into(), &1.into()));
        fs::remove_file(path.join(name)).unwrap();
    }
    fs::create_dir(path.join("class")).unwrap();
    fs::write(path.join("class/.hidden"), "").unwrap();
    refused(&folder, &asked, 3, &["set/class: the folder is empty"]);
    let (report, told) = eval(&folder, &[&asked[..], &["--allow-incomplete"]].concat());
    assert_eq!(
        (told.as_str(), &report["results"][0]["ood"][0]["samples"]),
        ("imagefolder:set: 1 left out: set/class is empty\n", &2.into())
    );
}
