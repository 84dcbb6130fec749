//! All pictures of a folder: PNG and JPEG.

use super::picture::{Picture, Refused, decode};
use super::resize::PICTURE;
use super::{Images, Kind, Request, fit};
use crate::error::EvalError;
use rarefy_core::Extent;
use rarefy_core::memory;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) const KIND: Kind = Kind {
    name: "imagefolder",
    about: "PNG and JPEG files in a folder and those below it, by name",
    takes_path: true,
    open: |request| Ok(Box::new(Folder::open(request)?)),
};

const SUFFIXES: [&str; 3] = ["png", "jpg", "jpeg"];
/// Files of other kinds that a message names.
const NAMED: usize = 3;

struct Folder {
    path: PathBuf,
    files: Vec<PathBuf>,
    next: usize,
    allow_incomplete: bool,
    left_out: Vec<String>,
}

/// What is in a folder and those below it, hidden files apart.
#[derive(Default)]
struct Contents {
    pictures: Vec<PathBuf>,
    others: Vec<PathBuf>,
    /// Folders with nothing in them.
    empty: Vec<PathBuf>,
}

impl Folder {
    fn open(request: &Request<'_>) -> Result<Self, EvalError> {
        let Some(path) = request.path.clone().filter(|path| !path.as_os_str().is_empty()) else {
            return Err(EvalError::NoFolder);
        };
        let mut found = Contents::default();
        found.collect(&path)?;
        found.pictures.sort();
        if found.pictures.is_empty() {
            return Err(EvalError::File { path, problem: found.nothing() });
        }
        let mut left_out = Vec::new();
        found.empty.sort();
        for folder in found.empty {
            match request.allow_incomplete {
                true => left_out.push(format!("{} is empty", folder.display())),
                false => {
                    return Err(EvalError::Incomplete {
                        path: folder,
                        problem: "the folder is empty".to_owned(),
                    });
                }
            }
        }
        let (files, allow_incomplete) = (found.pictures, request.allow_incomplete);
        Ok(Self { path, files, next: 0, allow_incomplete, left_out })
    }
}

impl Contents {
    fn collect(&mut self, folder: &Path) -> Result<(), EvalError> {
        let failed = |source| EvalError::Io { path: folder.to_owned(), source };
        let mut entries = 0;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Of systems and programs, e.g. `._a.png`, `.DS_Store`, `.ipynb_checkpoints`.
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            entries += 1;
            let path = entry.path();
            // What the entry itself is: a link could lead round in circles.
            if entry.file_type().map_err(failed)?.is_dir() {
                self.collect(&path)?;
            } else if path
                .extension()
                .is_some_and(|e| SUFFIXES.iter().any(|suffix| e.eq_ignore_ascii_case(suffix)))
            {
                self.pictures.push(path);
            } else {
                self.others.push(path);
            }
        }
        if entries == 0 {
            self.empty.push(folder.to_owned());
        }
        Ok(())
    }

    /// What was looked for and what is there instead.
    fn nothing(mut self) -> String {
        let looked_for = "it holds no picture that is read: PNG and JPEG (.png, .jpg, .jpeg)";
        self.others.sort();
        let names = self.others.iter().take(NAMED).filter_map(|path| path.file_name());
        let names: Vec<String> = names.map(|name| format!("`{}`", name.display())).collect();
        match self.others.len() {
            0 => format!("{looked_for}; it is empty"),
            found => format!("{looked_for}; found {found} other files, e.g. {}", names.join(", ")),
        }
    }
}

fn read(path: &Path) -> Result<Picture, EvalError> {
    let bytes = fs::read(path).map_err(|source| EvalError::Io { path: path.to_owned(), source })?;
    decode(&bytes).map_err(|refused| match refused {
        Refused::Memory(error) => error.into(),
        Refused::Content(problem) => EvalError::Incomplete { path: path.to_owned(), problem },
    })
}

impl Images for Folder {
    fn name(&self) -> String {
        format!("imagefolder:{}", self.path.display())
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn left_out(&self) -> &[String] {
        &self.left_out
    }

    fn next(&mut self, extent: Extent, most: usize, pixels: &mut Vec<f32>) -> Result<usize, EvalError> {
        let mut count = 0;
        while count < most
            && let Some(path) = self.files.get(self.next)
        {
            self.next += 1;
            let Picture { width, height, channels, bytes } = match read(path) {
                Err(EvalError::Incomplete { path, problem }) if self.allow_incomplete => {
                    self.left_out.push(format!("{}: {problem}", path.display()));
                    continue;
                }
                picture => picture?,
            };
            // Grey and colour; a last channel beside them is transparency.
            let kept = if channels < 3 { 1 } else { 3 };
            let plane =
                |channel| bytes.iter().skip(channel).step_by(channels).map(|&byte| f32::from(byte) / 255.0);
            let from = Extent { channels: kept, height, width };
            let image = memory::collected(from.len(), (0..kept).flat_map(plane), PICTURE)?;
            fit(&image, from, extent, pixels)?;
            count += 1;
        }
        Ok(count)
    }
}
