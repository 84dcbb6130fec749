//! Fetching, as people watch it.

use crate::failure::Failure;
use crate::output::note;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rarefy::data::{Event, Fetched, fetch};
use rarefy::train::TrainError;
use std::io::{IsTerminal, stderr};
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
