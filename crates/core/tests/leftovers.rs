//! What a process that is ended from outside leaves behind. A process of its own: afterwards no temporary can
//! be made in it.

use rarefy_core::{Temporary, remove_leftovers};
use std::fs;
use std::io;

#[test]
fn temporaries_that_are_in_use_are_removed_and_nothing_else() {
    let folder = std::env::temp_dir().join(format!("rarefy-leftovers-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let file = |name: &str| {
        let path = folder.join(name);
        Temporary::make(|| fs::write(&path, name).map(|()| ((), path.clone()))).unwrap().1
    };
    let _kept = file("in use");
    drop(file("done with"));
    let below = folder.join("unpacked");
    let (_, _folder) = Temporary::make(|| {
        fs::create_dir(&below)?;
        fs::write(below.join("file"), "x")?;
        Ok(((), below.clone()))
    })
    .unwrap();
    assert!(Temporary::make::<()>(|| Err(io::Error::other("refused"))).is_err());
    remove_leftovers();
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["done with"]);
    fs::remove_dir_all(&folder).unwrap();
    // Their owners cannot drop them any more, nor do they have to.
    std::mem::forget((_kept, _folder));
}
