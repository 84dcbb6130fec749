//! Rules that no other tool checks: files stay small, and unsafe code is in one crate only.

use crate::process::{Outcome, say};
use std::fs;
use std::path::Path;

/// Most lines of a Rust file.
const MOST_LINES: usize = 500;
/// The folder whose files may hold unsafe code.
const KERNELS: &str = "crates/kernels/";
/// In two parts, so that this file does not hold the word.
const KEYWORD: &str = concat!("un", "safe");
/// What the compiler needs to refuse it, in every crate's root.
const FORBID: &str = concat!("#![forbid(un", "safe_code)]");

/// A Rust file.
struct Source {
    /// From the workspace's folder, with `/`.
    path: String,
    text: String,
}

/// Checks every Rust file of the workspace.
pub(super) fn check(root: &Path) -> Outcome {
    let mut sources = Vec::new();
    collect(root, "", &mut sources)?;
    let problems: Vec<String> = sources.iter().flat_map(problems).collect();
    problems.iter().for_each(|problem| say(problem));
    let mut lines: Vec<usize> = sources.iter().map(|source| source.text.lines().count()).collect();
    lines.sort_unstable();
    let (median, longest) = (lines.get(lines.len() / 2), lines.last());
    say(&format!(
        "{} Rust files, median {} lines, longest {}",
        lines.len(),
        median.unwrap_or(&0),
        longest.unwrap_or(&0)
    ));
    match problems.len() {
        0 => Ok(()),
        count => Err(format!("{count} broken rules, listed above")),
    }
}

/// Every Rust file below `root`, but for hidden folders and what cargo and runs write.
fn collect(root: &Path, below: &str, sources: &mut Vec<Source>) -> Outcome {
    let folder = root.join(below);
    let unreadable = |error| format!("cannot read {}: {error}", folder.display());
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if !name.starts_with('.') && !["target", "runs"].contains(&path.as_str()) {
                collect(root, &path, sources)?;
            }
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).map_err(|error| format!("{path}: {error}"))?;
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

fn problems(Source { path, text }: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        problems.push(format!("{path}: {lines} lines, at most {MOST_LINES} are allowed; split it"));
    }
    if path.starts_with(KERNELS) {
        return problems;
    }
    for (index, line) in text.lines().enumerate() {
        if has_keyword(line) {
            problems.push(format!("{path}:{}: {KEYWORD} code belongs in {KERNELS}", index + 1));
        }
    }
    if is_crate_root(path) && !text.lines().any(|line| line == FORBID) {
        problems.push(format!("{path}: the line `{FORBID}` is missing"));
    }
    problems
}

/// Whether a line holds the keyword outside a comment.
fn has_keyword(line: &str) -> bool {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == KEYWORD)
}

/// Whether a file is the root of a library or program (tests and examples are roots too: the keyword's rule is theirs).
fn is_crate_root(path: &str) -> bool {
    let roots = ["lib.rs", "main.rs"];
    match path.split('/').collect::<Vec<_>>()[..] {
        ["crates", _, "src", file] | ["xtask", "src", file] => roots.contains(&file),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        problems(&Source { path: path.to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_file_may_have_500_lines_and_not_one_more() {
        assert!(found("crates/nn/src/a.rs", &"\n".repeat(500)).is_empty());
        for path in ["crates/nn/src/a.rs", "crates/kernels/src/a.rs", "xtask/src/a.rs"] {
            let problems = found(path, &"\n".repeat(501));
            assert_eq!(problems, [format!("{path}: 501 lines, at most 500 are allowed; split it")]);
        }
    }

    #[test]
    fn the_keyword_is_found_in_code_outside_the_kernels_and_not_in_comments() {
        let text = format!("fn f() {{\n    {KEYWORD} {{ g() }} // why\n}}\n");
        assert_eq!(found("crates/nn/tests/a.rs", &text).len(), 1);
        assert!(found("crates/nn/tests/a.rs", &text)[0].starts_with("crates/nn/tests/a.rs:2: "));
        assert!(found("crates/kernels/src/a.rs", &text).is_empty());
        let comments =
            format!("/// Not {KEYWORD}.\nfn f() {{}} // nor {KEYWORD}\nuse very_{KEYWORD}_name;\n");
        assert!(found("crates/nn/src/a.rs", &comments).is_empty());
    }

    #[test]
    fn every_crate_root_but_the_kernels_forbids_it() {
        for root in ["crates/nn/src/lib.rs", "crates/cli/src/main.rs", "xtask/src/main.rs"] {
            assert_eq!(found(root, "").len(), 1);
            assert!(found(root, &format!("//! Doc.\n{FORBID}\n")).is_empty());
            assert_eq!(found(root, &format!("// {FORBID}\n")).len(), 1);
        }
        for other in ["crates/kernels/src/lib.rs", "crates/nn/src/plan/lib.rs", "crates/nn/tests/main.rs"] {
            assert!(found(other, "").is_empty());
        }
    }

    #[test]
    fn this_file_is_among_the_sources() {
        let mut sources = Vec::new();
        collect(crate::workspace(), "", &mut sources).unwrap();
        assert!(sources.iter().any(|source| source.path == "xtask/src/ci/sources.rs"));
        assert!(sources.iter().all(|source| !source.path.starts_with("target/")));
    }
}
