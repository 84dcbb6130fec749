//! What `--out` names is written to, or refused: never destroyed.
#![cfg(unix)]

mod common;

use common::{TINY, fails, files, folder, rarefy};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A folder with a run of one epoch, `run`.
fn trained() -> TempDir {
    let folder = folder();
    rarefy(&folder).arg("train").args(TINY).args(["--epochs", "1", "-q", "--out", "run"]).assert().success();
    folder
}

/// Every command that writes one file, but for the file.
const WRITERS: [&[&str]; 3] = [
    &["export", "run", "--dense", "--out"],
    &["prune", "run", "--density", "0.05", "--out"],
    &["inspect", "--model", "cifar_resnet_8", "--svg"],
];

#[test]
fn files_are_written_through_links_and_to_devices_and_fifos() {
    let folder = trained();
    let at = |name: &str| folder.path().join(name);
    for (number, writer) in WRITERS.iter().enumerate() {
        let write = |path: &str| {
            rarefy(&folder).args(*writer).arg(path).assert().success();
        };
        // A writer of the same file was killed.
        fs::write(at(".plain.1-0.rarefy-tmp"), "half of it").unwrap();
        write("plain");
        let expected = fs::read(at("plain")).unwrap();

        write("/dev/null");
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device(), "{writer:?}");

        let (link, target) = (format!("link-{number}"), format!("target-{number}"));
        symlink(&target, at(&link)).unwrap();
        for _ in 0..2 {
            // The link dangles the first time.
            write(&link);
            assert!(at(&link).is_symlink() && !at(&target).is_symlink(), "{writer:?}");
            assert!(fs::read(at(&target)).unwrap() == expected, "{writer:?}");
            fs::write(at(&target), "old").unwrap();
        }

        fs::set_permissions(at("plain"), PermissionsExt::from_mode(0o600)).unwrap();
        write("plain");
        assert_eq!(fs::metadata(at("plain")).unwrap().permissions().mode() & 0o777, 0o600, "{writer:?}");
        fs::remove_file(at("plain")).unwrap();

        let fifo = at(&format!("fifo-{number}"));
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read(&fifo).unwrap());
            write(fifo.to_str().unwrap());
            reader.join().unwrap()
        });
        assert!(read == expected && fs::metadata(&fifo).unwrap().file_type().is_fifo(), "{writer:?}");
    }
    assert!(
        !fs::read_dir(folder.path())
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().contains("rarefy-tmp") })
    );
}

#[test]
fn a_file_is_not_written_where_a_folder_is_and_no_message_shows_a_temporary_name() {
    let folder = trained();
    fs::create_dir(folder.path().join("taken")).unwrap();
    let before = files(folder.path());
    for writer in WRITERS {
        for (path, code) in [("taken", 2), ("taken/", 2), ("new/", 2), ("/", 2), ("absent/file", 1)] {
            let text = fails(rarefy(&folder).args(writer).arg(path), code, &[path]);
            assert!(!text.contains("rarefy-tmp"), "{text}");
        }
    }
    assert_eq!(files(folder.path()), before);
}

#[test]
fn runs_are_not_written_among_other_files() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("mine")).unwrap();
    fs::write(at("mine/thesis.tex"), "words").unwrap();
    fs::create_dir(at("mine/zoo")).unwrap();
    let study = "seeds = [1]\n[base]\nmodel = \"cifar_resnet_8_4\"\nepochs = 1\n[[networks]]\nname = \"a\"\n";
    fs::write(at("study.toml"), study).unwrap();
    let before = files(folder.path());
    let train: &[&str] = &["train", "--epochs", "1", "-q"];
    let imp: &[&str] = &["imp", "--rounds", "1", "--epochs", "1", "--density", "0.5", "-q"];
    for command in [&[train, TINY].concat(), &[imp, TINY].concat(), &vec!["study", "study.toml", "-q"]] {
        for (out, holds) in [("mine", "`thesis.tex`"), ("/", "/")] {
            let words = [out, "neither empty", holds, "choose a new or an empty folder"];
            fails(rarefy(&folder).args(command).args(["--out", out]), 2, &words);
        }
        assert_eq!(files(folder.path()), before, "{command:?}");
    }
    for file in ["recipe.toml", "last.ckpt", "imp.json", "a-s1.toml"] {
        assert!(!Path::new("/").join(file).exists(), "/{file}");
    }
    // New, empty, and their own.
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("empty/.recipe.toml.1-0.rarefy-tmp"), "left by a killed run").unwrap();
    rarefy(&folder).args(train).args(TINY).args(["--out", "empty"]).assert().success();
    assert!(!at("empty/.recipe.toml.1-0.rarefy-tmp").exists());
    for _ in 0..2 {
        rarefy(&folder).args(imp).args(TINY).args(["--out", "rounds"]).assert().success();
        rarefy(&folder).args(["study", "study.toml", "-q", "--out", "studies"]).assert().success();
    }
}
