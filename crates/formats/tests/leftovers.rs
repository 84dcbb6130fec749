//! A process that is ended while it writes. A process of its own: afterwards no file can be written in it.

use rarefy_core::remove_leftovers;
use rarefy_formats::atomic_write;
use std::fs;
use std::sync::mpsc::channel;

#[test]
fn the_temporary_file_of_a_write_under_way_is_removed_and_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("last.ckpt");
    fs::write(&path, "old").unwrap();
    let names = || {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let (begun, wait) = channel();
    let writer = path.clone();
    // It never returns: what it writes is gone, and the process is about to end.
    std::thread::spawn(move || {
        atomic_write(&writer, |file| {
            file.write_all(&vec![7; 1 << 20])?;
            let _ = begun.send(());
            loop {
                std::thread::park();
            }
        })
    });
    wait.recv().unwrap();
    assert_eq!(names().len(), 2);
    remove_leftovers();
    assert_eq!(names(), ["last.ckpt"]);
    assert_eq!(fs::read(&path).unwrap(), b"old");
}
