use super::*;

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn put(path: &Path, text: &str) -> Result<(), FormatError> {
    atomic_write(path, |file| file.write_all(text.as_bytes()))
}

#[test]
fn a_written_file_replaces_the_old_one_and_leaves_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("summary.json");
    fs::write(&path, "old, and longer than the new text").unwrap();
    put(&path, "new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["summary.json"]);
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("summary.json");
    fs::write(&path, "old").unwrap();
    let error = atomic_write(&path, |file| {
        file.write_all(&vec![7; 1 << 20])?;
        Err(io::Error::other("the disk is full"))
    })
    .unwrap_err();
    assert!(matches!(&error, FormatError::Io { action: "write", .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("summary.json") && text.contains("the disk is full"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["summary.json"]);
}

#[test]
fn a_panic_while_writing_leaves_the_old_file_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("summary.json");
    fs::write(&path, "old").unwrap();
    let written = std::panic::catch_unwind(|| atomic_write(&path, |_| panic!("a bug in the writer")));
    assert!(written.is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["summary.json"]);
}

#[test]
fn places_that_cannot_be_written_are_errors_that_name_the_path_given_and_no_temporary_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("taken")).unwrap();
    let long = "x".repeat(300);
    for path in ["absent/file", "taken", "taken/", "new/", "..", &long].map(|path| dir.path().join(path)) {
        let text = put(&path, "new").unwrap_err().to_string();
        assert!(text.contains(&path.display().to_string()), "{text}");
        assert!(!text.contains("rarefy-tmp"), "{text}");
    }
    assert_eq!(names(dir.path()), ["taken"]);
}

#[test]
fn folders_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("taken")).unwrap();
    for path in [dir.path().join("taken"), dir.path().join("new/"), PathBuf::from("/"), PathBuf::from("..")] {
        let error = put(&path, "new").unwrap_err();
        assert!(matches!(error, FormatError::Folder { .. }), "{error}");
        assert!(error.to_string().contains("is a folder"), "{error}");
    }
}

#[test]
fn the_longest_names_a_file_system_has_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["x".repeat(255), "\u{e4}".repeat(127)] {
        put(&dir.path().join(&name), "new").unwrap();
        assert_eq!(names(dir.path()), [name.as_str()]);
        fs::remove_file(dir.path().join(name)).unwrap();
    }
}

#[test]
fn leftovers_of_killed_writers_go_with_the_next_write_and_those_of_living_writers_stay() {
    let dir = tempfile::tempdir().unwrap();
    let (dead, alive) = (".last.ckpt.77-3.rarefy-tmp", ".last.ckpt.78-0.rarefy-tmp");
    for name in [dead, alive, ".best.ckpt.77-2.rarefy-tmp", ".hidden", "notes.rarefy-tmp"] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    let writer = File::options().write(true).open(dir.path().join(alive)).unwrap();
    writer.try_lock().unwrap();
    put(&dir.path().join("last.ckpt"), "new").unwrap();
    let others = [".best.ckpt.77-2.rarefy-tmp", ".hidden"];
    assert_eq!(names(dir.path()), [&others[..], &[alive, "last.ckpt", "notes.rarefy-tmp"]].concat());
    remove_temporaries(dir.path());
    assert_eq!(names(dir.path()), [".hidden", alive, "last.ckpt", "notes.rarefy-tmp"]);
    drop(writer);
    remove_temporaries(dir.path());
    assert_eq!(names(dir.path()), [".hidden", "last.ckpt", "notes.rarefy-tmp"]);
    remove_temporaries(&dir.path().join("absent"));
}

#[test]
fn many_writers_of_one_path_never_take_each_other_for_dead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("last.ckpt");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| put(&path, "new").unwrap()));
        }
    });
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["last.ckpt"]);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
    use std::process::Command;

    #[test]
    fn a_new_file_is_as_readable_as_any_other() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, plain) = (dir.path().join("ours"), dir.path().join("plain"));
        put(&ours, "new").unwrap();
        fs::write(&plain, "new").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for mode in [0o600, 0o640, 0o666, 0o755] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            // Only the superuser can make a file of somebody else.
            let owned = std::os::unix::fs::chown(&path, Some(12345), Some(54321)).is_ok();
            let before = fs::metadata(&path).unwrap();
            put(&path, "new").unwrap();
            let after = fs::metadata(&path).unwrap();
            assert_eq!(after.permissions().mode() & 0o7777, mode);
            assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
            assert!(!owned || after.uid() == 12345);
            assert_eq!(fs::read(&path).unwrap(), b"new");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn links_stay_and_what_they_point_to_is_replaced_or_made() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("far")).unwrap();
        fs::write(at("far/old"), "old").unwrap();
        fs::set_permissions(at("far/old"), PermissionsExt::from_mode(0o600)).unwrap();
        for (link, target, file) in [
            ("relative", "far/old", "far/old"),
            ("far/up", "../beside", "beside"),
            ("far/new", "made", "far/made"),
            ("twice", "relative", "far/old"),
            ("twice-new", "far/later", "far/target"),
            ("far/later", "target", "far/target"),
        ] {
            let _ = fs::remove_file(at(link));
            symlink(target, at(link)).unwrap();
            if link == "twice-new" {
                continue;
            }
            put(&at(link), link).unwrap();
            assert_eq!(fs::read_link(at(link)).unwrap(), Path::new(target));
            assert_eq!(fs::read_to_string(at(file)).unwrap(), link);
            assert!(!at(file).is_symlink());
        }
        fs::remove_file(at("far/target")).unwrap();
        put(&at("twice-new"), "through two").unwrap();
        assert_eq!(fs::read_to_string(at("far/target")).unwrap(), "through two");
        assert_eq!(fs::metadata(at("far/old")).unwrap().permissions().mode() & 0o777, 0o600);
        let absolute = at("absolute");
        symlink(at("far/old"), &absolute).unwrap();
        put(&absolute, "absolute").unwrap();
        assert_eq!(fs::read_to_string(at("far/old")).unwrap(), "absolute");
        assert!(names(dir.path()).iter().chain(&names(&at("far"))).all(|name| !name.contains("tmp")));
    }

    #[test]
    fn links_that_lead_nowhere_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        symlink("circle", at("circle")).unwrap();
        symlink("absent/file", at("lost")).unwrap();
        symlink(".", at("here")).unwrap();
        for name in ["circle", "lost", "here"] {
            let text = put(&at(name), "new").unwrap_err().to_string();
            assert!(text.contains(&at(name).display().to_string()), "{text}");
        }
        assert_eq!(names(dir.path()), ["circle", "here", "lost"]);
    }

    #[test]
    fn devices_are_written_to_and_stay() {
        put(Path::new("/dev/null"), "nobody reads this").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("null");
        symlink("/dev/null", &link).unwrap();
        put(&link, "nor this").unwrap();
        assert!(link.is_symlink() && fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        #[cfg(target_os = "linux")]
        {
            let text = put(Path::new("/dev/full"), "no room").unwrap_err().to_string();
            assert!(text.contains("/dev/full") && text.contains("space"), "{text}");
        }
        assert_eq!(names(dir.path()), ["null"]);
    }

    #[test]
    fn a_fifo_is_written_to_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let text = "long enough to fill the pipe several times\n".repeat(10_000);
        let read = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read_to_string(&path).unwrap());
            put(&path, &text).unwrap();
            reader.join().unwrap()
        });
        assert!(read == text);
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
        assert_eq!(names(dir.path()), ["fifo"]);
    }
}
