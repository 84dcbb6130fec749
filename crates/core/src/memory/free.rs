//! How much memory there is to be had, as far as Linux tells; other systems are asked by trying.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Bytes that this process can still get: what the machine has free (swap included), what its control groups
/// leave it and what its limits on address space and data (`ulimit -v`, `ulimit -d`) do, whichever is least.
/// `None` where the system does not tell.
pub fn free() -> Option<u64> {
    let read = |path: &str| read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| of_machine(&text));
    let limits = read("/proc/self/limits").zip(read("/proc/self/status"));
    let limits = limits.and_then(|(limits, status)| of_limits(&limits, &status));
    let groups = read("/proc/self/cgroup").and_then(|text| of_groups(&text, Path::new("/sys/fs/cgroup")));
    [machine, limits, groups].into_iter().flatten().min()
}

/// The number of kilobytes after `name` in a text of `name: number kB` lines, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What can be had without taking it from others, by `/proc/meminfo`.
fn of_machine(meminfo: &str) -> Option<u64> {
    let swap = kilobytes(meminfo, "SwapFree").unwrap_or(0);
    Some(kilobytes(meminfo, "MemAvailable")?.saturating_add(swap))
}

/// What the soft limits leave, by `/proc/self/limits` and `/proc/self/status`; `None` if there is no limit.
fn of_limits(limits: &str, status: &str) -> Option<u64> {
    let left = |limit: &str, used: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(limit))?;
        let most: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(most.saturating_sub(kilobytes(status, used)?))
    };
    let address_space = left("Max address space", "VmSize");
    let data = left("Max data size", "VmData");
    [address_space, data].into_iter().flatten().min()
}

/// What the control groups of `/proc/self/cgroup` leave, mounted at `root`: the group itself and all it is in.
fn of_groups(groups: &str, root: &Path) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        // `hierarchy:controllers:path`
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let (mount, files) = match controllers {
            "" => (root.to_owned(), Files::UNIFIED),
            _ if controllers.split(',').any(|name| name == "memory") => (root.join("memory"), Files::FIRST),
            _ => continue,
        };
        let inner: PathBuf = mount.join(path.trim_start_matches('/'));
        for group in inner.ancestors().take_while(|group| group.starts_with(&mount)) {
            least = [least, files.left(group)].into_iter().flatten().min();
        }
    }
    least
}

/// Where a version of control groups says what it allows, uses and could give up.
struct Files {
    most: &'static str,
    used: &'static str,
    /// Key of `memory.stat`: file pages that nobody used lately, and are given up for others.
    idle: &'static str,
}

impl Files {
    const FIRST: Self =
        Self { most: "memory.limit_in_bytes", used: "memory.usage_in_bytes", idle: "total_inactive_file" };
    const UNIFIED: Self = Self { most: "memory.max", used: "memory.current", idle: "inactive_file" };

    /// `None` without a limit (`max`, or in the first version a number beyond any memory).
    fn left(&self, group: &Path) -> Option<u64> {
        let number = |name: &str| read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
        let (most, used) = (number(self.most)?, number(self.used)?);
        let stat = read_to_string(group.join("memory.stat")).unwrap_or_default();
        let idle = stat.lines().find_map(|line| line.strip_prefix(self.idle)?.trim().parse::<u64>().ok());
        Some(most.saturating_sub(used).saturating_add(idle.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_machine_has_what_is_available_and_its_swap() {
        let meminfo = "MemTotal:       24684000 kB\nMemAvailable:      2000 kB\nSwapFree:           48 kB\n";
        assert_eq!(of_machine(meminfo), Some(2048 * 1024));
        assert_eq!(of_machine("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn limits_leave_what_is_not_used_yet() {
        let limits = |data: &str, space: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max data size             {data}            unlimited            bytes\n\
                 Max address space         {space}            unlimited            bytes\n"
            )
        };
        let status = "VmPeak:\t  900 kB\nVmSize:\t      600 kB\nVmData:\t      100 kB\n";
        assert_eq!(of_limits(&limits("unlimited", "1024000"), status), Some(1_024_000 - 600 * 1024));
        assert_eq!(of_limits(&limits("204800", "1024000"), status), Some(204_800 - 100 * 1024));
        assert_eq!(of_limits(&limits("unlimited", "1"), status), Some(0));
        assert_eq!(of_limits(&limits("unlimited", "unlimited"), status), None);
    }

    #[test]
    fn the_tightest_of_all_groups_counts_and_idle_file_pages_are_free() {
        let root = std::env::temp_dir().join(format!("rarefy-groups-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("outer/memory.max", "1000\n");
        write("outer/memory.current", "900\n");
        write("outer/memory.stat", "anon 5\ninactive_file 50\n");
        write("outer/inner/memory.max", "max\n");
        write("outer/inner/memory.current", "400\n");
        write("memory/old/memory.limit_in_bytes", "700\n");
        write("memory/old/memory.usage_in_bytes", "600\n");
        write("memory/old/memory.stat", "inactive_file 90\ntotal_inactive_file 20\n");
        assert_eq!(of_groups("0::/outer/inner\n", &root), Some(150));
        assert_eq!(of_groups("4:memory:/old\n1:cpu:/outer\n0::/outer/inner\n", &root), Some(120));
        assert_eq!(of_groups("4:cpu,memory:/old/gone\n0::/\n", &root), Some(120));
        assert_eq!(of_groups("0::/\n", &root), None);
        fs::remove_dir_all(&root).unwrap();
    }
}
