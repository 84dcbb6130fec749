//! Fetching, as people watch it.

use crate::failure::Failure;
use crate::output::note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rarefy::data::{Event, Fetched, Status, data_dir, fetch, status};
use rarefy::train::TrainError;
use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;

/// Gets the data set called `name` into the folder `dir` of all data sets: a bar on a terminal, a line a step elsewhere.
pub(crate) fn fetch_with_progress(name: &str, dir: &Path) -> Result<Fetched, Failure> {
    let target = match stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(None, target);
    let template =
        "{prefix} {wide_bar} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    let mut report = |event: Event<'_>| match event {
        Event::Progress(done, total) => {
            bar.set_length(total);
            if bar.position() == 0 {
                // Bytes that were there before say nothing about the speed.
                bar.set_position(done);
                bar.reset_eta();
            }
            bar.set_position(done);
        }
        Event::Trying(source) => bar.suspend(|| note(format_args!("{name}: from {source}"))),
        Event::Failed(source, error) => {
            bar.suspend(|| note(format_args!("{name}: not from {source}: {error}")));
        }
        Event::Unpacking => bar.suspend(|| note(format_args!("{name}: unpacking and verifying"))),
    };
    let fetched = fetch(name, dir, &mut report);
    bar.finish_and_clear();
    Ok(fetched.map_err(TrainError::from)?)
}

/// Sees to it that the data set called `name` is there: `fetch` gets what is missing, without it people at a terminal are
/// asked. What is missing all the same is the business of who opens it.
pub(crate) fn ensure_data(name: &str, dir: Option<&Path>, fetch: bool) -> Result<(), Failure> {
    let dir = match data_dir(dir) {
        Ok(dir) => dir,
        // The embedded data need no folder.
        Err(_) if !fetch => return Ok(()),
        Err(error) => return Err(TrainError::from(error).into()),
    };
    let missing = matches!(status(name, &dir).map_err(TrainError::from)?, Status::Missing(_));
    if missing && (fetch || wanted(name, &dir)) {
        fetch_with_progress(name, &dir)?;
    }
    Ok(())
}

/// Asks whoever sits at the terminal; nobody there means no.
fn wanted(name: &str, dir: &Path) -> bool {
    if !(stdin().is_terminal() && stderr().is_terminal()) {
        return false;
    }
    note(format_args!("{name} is not in {}; fetch it now? [y/N]", dir.display()));
    let mut answer = String::new();
    stdin().read_line(&mut answer).is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}
