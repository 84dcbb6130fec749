//! The figures of an evaluation: one file a question, whatever the number of networks.

mod flow;
mod histogram;
mod reliability;
mod roc;

use super::report::{Report, Result as Evaluated};
use crate::failure::Failure;
use crate::format::significant;
use crate::plots::Line;
use std::path::Path;

/// Refuses what cannot become a folder of figures.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    match folder.exists() && !folder.is_dir() {
        true => Err(Failure::usage(format!("{} is no folder to draw into", folder.display()))),
        false => Ok(()),
    }
}

/// Writes every figure into `folder`, which is made.
pub(super) fn write(report: &Report, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::system(format!("cannot make {}: {error}", folder.display())))?;
    let networks = Networks::of(report);
    reliability::figure(&networks).write(&folder.join("reliability.svg"))?;
    if let Some(figure) = flow::figure(&networks)? {
        figure.write(&folder.join("gradient-flow.svg"))?;
    }
    if let Some(figure) = roc::figure(&networks) {
        figure.write(&folder.join("roc.svg"))?;
    }
    if let Some(figure) = histogram::figure(&networks) {
        figure.write(&folder.join("scores.svg"))?;
    }
    Ok(())
}

/// Most charts in a row.
const COLUMNS: usize = 3;

/// All networks and how they are told apart.
struct Networks<'a> {
    /// The number of each one's line: networks of one setting look alike if settings are compared.
    all: Vec<(usize, &'a Evaluated)>,
    /// Names of the lines: folders of runs, files, or settings.
    names: Vec<String>,
}

impl<'a> Networks<'a> {
    fn of(report: &'a Report) -> Self {
        let results = report.results.iter();
        let Some(comparison) = &report.comparison else {
            let paths: Vec<String> =
                results.clone().map(|r| r.identity.checkpoint.display().to_string()).collect();
            let mut names: Vec<String> = Vec::new();
            for path in &paths {
                // Of a run it is the folder.
                let name = path.strip_suffix("/best.ckpt").unwrap_or(path);
                let taken = names.iter().filter(|other| *other == name).count();
                names.push(if taken == 0 { name.to_owned() } else { format!("{name} ({})", taken + 1) });
            }
            return Self { all: results.enumerate().collect(), names };
        };
        let setting = |result: &Evaluated| {
            let name = result.identity.checkpoint.display().to_string();
            comparison.runs.iter().position(|runs| runs.iter().any(|run| run.name == name)).unwrap_or(0)
        };
        let name = |(label, runs): (&String, &Vec<_>)| match runs.len() {
            1 => label.clone(),
            count => format!("{label}, {count} seeds"),
        };
        Self {
            all: results.map(|result| (setting(result), result)).collect(),
            names: comparison.settings.iter().zip(&comparison.runs).map(name).collect(),
        }
    }

    /// The names of these lines.
    fn legend(&self, lines: &[Line]) -> Vec<(usize, String)> {
        let there = |index: &usize| lines.iter().any(|line| line.index == *index);
        self.names.iter().cloned().enumerate().filter(|(index, _)| there(index)).collect()
    }

    /// `title` and what all networks have in common: model, density, data and, of figures of images, their split.
    fn title(&self, title: &str, images: bool) -> String {
        let same = |of: &dyn Fn(&Evaluated) -> String| {
            let mut texts = self.all.iter().map(|(_, result)| of(result));
            let first = texts.next()?;
            texts.all(|text| text == first).then_some(first)
        };
        let model = same(&|result| result.identity.model.clone());
        let density = same(&|result| format!("at density {}", significant(result.identity.density)));
        let data = same(&|result| format!("on {}", result.identity.data));
        let split = same(&|result| format!("({})", result.identity.split.split())).filter(|_| images);
        let common: Vec<String> = [model, density, data, split].into_iter().flatten().collect();
        match common.is_empty() {
            true => title.to_owned(),
            false => format!("{title}: {}", common.join(" ")),
        }
    }
}
