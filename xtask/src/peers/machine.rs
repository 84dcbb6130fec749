//! Where and of what the figures are.

use std::fs;
use std::path::Path;
use std::process::Command;

/// One line of Markdown: processor, memory, system, commit, date.
pub(super) fn line(root: &Path) -> String {
    let commit = said(Command::new("git").current_dir(root).args(["describe", "--always", "--dirty"]));
    let parts = [
        processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        Some(format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        said(Command::new("rustc").arg("--version")),
        commit.map(|commit| format!("commit {commit}")),
        said(Command::new("date").args(["-u", "+%Y-%m-%d"])),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// First line of what a program says, if it does.
pub(super) fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

fn processor(cpuinfo: &str) -> Option<String> {
    let values = |key: &str| {
        let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).collect::<Vec<_>>()
    };
    let name = *values("model name").first()?;
    let vectors = ["avx512f", "avx2"];
    let flags = *values("flags").first()?;
    let vectors = vectors.into_iter().find(|vector| flags.split_whitespace().any(|flag| flag == *vector));
    Some(format!("{} x {name} ({})", values("processor").len(), vectors.unwrap_or("no AVX2")))
}

fn memory(meminfo: &str) -> Option<String> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.0} GB", kib * 1024.0 / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_with_its_cores_and_vectors() {
        let core = "processor\t: 0\nmodel name\t: Example CPU\nflags\t\t: fpu avx2 avx512f\n";
        assert_eq!(processor(&core.repeat(2)).unwrap(), "2 x Example CPU (avx512f)");
        assert_eq!(processor("processor\t: 0\n"), None);
        assert_eq!(memory("MemTotal:       24000000 kB\n").unwrap(), "25 GB");
    }
}
