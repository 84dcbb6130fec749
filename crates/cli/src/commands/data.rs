//! `rarefy data`.

mod fetch;

pub(crate) use fetch::ensure_data;
use fetch::fetch_with_progress;

use crate::failure::Failure;
use crate::format::grouped;
use crate::output::{json, note, product};
use crate::table::Table;
use rarefy::data::datasets::REGISTRY;
use rarefy::data::{DataError, Fetched, Status, data_dir, status, verify};
use rarefy::train::TrainError;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Get data sets and check their files.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List all data sets and where they are
    List(Common),
    /// Get a data set from its official address, verify and unpack it; goes on where a stopped fetch was
    Fetch(Named),
    /// Check size, format, labels and checksum of every file of a data set
    Verify(Named),
}

#[derive(clap::Args)]
struct Common {
    /// Folder of all data sets [default: RAREFY_DATA, else rarefy in the user's data folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Named {
    /// Data set
    name: String,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (What::List(common) | What::Fetch(Named { common, .. }) | What::Verify(Named { common, .. })) =
        &args.what;
    let dir = data_dir(common.data_dir.as_deref()).map_err(TrainError::from)?;
    match &args.what {
        What::List(_) => list(&dir, common.json),
        What::Fetch(Named { name, .. }) => get(name, &dir, common.json),
        What::Verify(Named { name, .. }) => check(name, &dir, common.json),
    }?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Listing<'a> {
    data_dir: &'a Path,
    data_sets: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    about: &'static str,
    status: &'static str,
    folder: Option<PathBuf>,
}

fn list(dir: &Path, as_json: bool) -> Result<(), Failure> {
    let listed = |entry: &rarefy::data::datasets::Entry| {
        let (status, folder) = match status(entry.name, dir).map_err(TrainError::from)? {
            Status::Embedded => ("embedded", None),
            Status::Present(folder) => ("present", Some(folder)),
            Status::Missing(_) => ("missing", None),
        };
        Ok(Listed { name: entry.name, about: entry.about, status, folder })
    };
    let data_sets = REGISTRY.iter().map(listed).collect::<Result<_, Failure>>()?;
    let listing = Listing { data_dir: dir, data_sets };
    if as_json {
        return json(&listing);
    }
    let mut table = Table::new(&["data set", "images", "here"], 3);
    for set in listing.data_sets {
        let here = set.folder.map_or_else(|| set.status.to_owned(), |folder| folder.display().to_string());
        table.row([set.name.to_owned(), set.about.to_owned(), here]);
    }
    product(&format!(
        "{}\nin {}; `rarefy data fetch NAME` gets what is missing\n",
        table.render(),
        dir.display()
    ))
}

#[derive(Serialize)]
struct Got<'a> {
    name: &'a str,
    status: &'static str,
    folder: Option<PathBuf>,
}

fn get(name: &str, dir: &Path, as_json: bool) -> Result<(), Failure> {
    let (status, folder, text) = match fetch_with_progress(name, dir)? {
        Fetched::Embedded => ("embedded", None, "is part of the program".to_owned()),
        Fetched::Present(folder) => {
            let text = format!("is in {} already, verified", folder.display());
            ("present", Some(folder), text)
        }
        Fetched::Stored(folder) => {
            let text = format!("is in {}, verified", folder.display());
            ("fetched", Some(folder), text)
        }
    };
    if as_json {
        return json(&Got { name, status, folder });
    }
    note(format_args!("{name} {text}"));
    Ok(())
}

#[derive(Serialize)]
struct Verified<'a> {
    name: &'a str,
    ok: bool,
    files: Vec<VerifiedFile>,
}

#[derive(Serialize)]
struct VerifiedFile {
    path: PathBuf,
    ok: bool,
    /// MD5 of the content; none if it could not be read to its end.
    md5: Option<String>,
    /// Whether there is a known checksum that it was compared with.
    checked: bool,
    problem: Option<String>,
}

fn check(name: &str, dir: &Path, as_json: bool) -> Result<(), Failure> {
    let reports = verify(name, dir).map_err(TrainError::from)?;
    let bad = reports.iter().find_map(|report| report.outcome.as_ref().err()).cloned();
    let files: Vec<VerifiedFile> = reports
        .into_iter()
        .map(|report| match report.outcome {
            Ok((md5, checked)) => {
                VerifiedFile { path: report.path, ok: true, md5: Some(md5), checked, problem: None }
            }
            Err(error) => {
                let problem = Some(error.to_string());
                VerifiedFile { path: report.path, ok: false, md5: None, checked: false, problem }
            }
        })
        .collect();
    if as_json {
        json(&Verified { name, ok: bad.is_none(), files })?;
    } else {
        product(&verified_text(name, &files))?;
    }
    match bad {
        None => Ok(()),
        Some(error) => Err(TrainError::from(DataError::File { dataset: name.to_owned(), error }).into()),
    }
}

fn verified_text(name: &str, files: &[VerifiedFile]) -> String {
    if files.is_empty() {
        return format!("{name} is part of the program\n");
    }
    let mut table = Table::new(&["file", "", "MD5"], 3);
    for file in files {
        let outcome = match (file.ok, file.checked) {
            (true, true) => "ok",
            (true, false) => "ok (no published checksum)",
            (false, _) => "bad",
        };
        let md5 = file.md5.clone().unwrap_or_else(|| "-".to_owned());
        table.row([file.path.display().to_string(), outcome.to_owned(), md5]);
    }
    let good = files.iter().filter(|file| file.ok).count() as u64;
    format!(
        "{}\n{name}: {} of {} files are sound\n",
        table.render(),
        grouped(good),
        grouped(files.len() as u64)
    )
}
