//! `cargo xtask ci`: everything that must hold before a change is accepted, quick checks first.

mod smoke;
mod sources;

use crate::Task;
use crate::process::{Outcome, cargo, run, say};
use std::path::Path;
use std::time::Instant;

pub(crate) const TASK: Task = Task {
    name: "ci",
    about: "Check everything (or only the steps named): format, sources, clippy, tests, docs, build, smoke",
    run: ci,
};

/// A part of the check.
struct Step {
    name: &'static str,
    run: fn(&Path) -> Outcome,
}

const STEPS: &[Step] = &[
    Step { name: "format", run: |root| run(&mut cargo(root, ["fmt", "--all", "--check"])) },
    Step { name: "sources", run: sources::check },
    Step {
        name: "clippy",
        run: |root| run(&mut cargo(root, ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    },
    // All failures at once, not only those of the first test program that fails.
    Step { name: "tests", run: |root| run(&mut cargo(root, ["test", "--workspace", "--no-fail-fast"])) },
    Step {
        name: "docs",
        run: |root| run(cargo(root, ["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")),
    },
    Step { name: "build", run: |root| run(&mut cargo(root, ["build", "--release"])) },
    Step { name: "smoke", run: smoke::train },
];

/// Runs the steps named, or all, in order, up to the first that fails.
fn ci(root: &Path, names: &[String]) -> Outcome {
    let steps = choose(names)?;
    let started = Instant::now();
    let mut times = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        say(&format!("\n==> {} ({} of {})", step.name, index + 1, steps.len()));
        let since = Instant::now();
        let outcome = (step.run)(root);
        let seconds = since.elapsed().as_secs_f64();
        outcome.map_err(|problem| format!("step `{}` failed after {seconds:.1} s: {problem}", step.name))?;
        say(&format!("--> {} passed in {seconds:.1} s", step.name));
        times.push((step.name, seconds));
    }
    times.push(("total", started.elapsed().as_secs_f64()));
    say("\nAll steps passed; seconds:");
    times.iter().for_each(|(name, seconds)| say(&format!("  {name:<9}{seconds:>7.1}")));
    Ok(())
}

/// The steps called `names`, in the order of the check.
fn choose(names: &[String]) -> Result<Vec<&'static Step>, String> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`; steps are {}", known.join(", ")));
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<&'static str>, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(choose(&names)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn without_names_every_step_runs_and_the_help_lists_them() {
        let all = chosen(&[]).unwrap();
        assert_eq!(all.len(), STEPS.len());
        assert!(TASK.about.ends_with(&all.join(", ")));
    }

    #[test]
    fn named_steps_run_in_the_order_of_the_check() {
        assert_eq!(chosen(&["tests", "format"]).unwrap(), ["format", "tests"]);
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_the_steps() {
        let error = chosen(&["format", "test"]).unwrap_err();
        assert!(error.starts_with("there is no step `test`; steps are format, "), "{error}");
    }
}
