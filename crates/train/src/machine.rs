//! What the machine says about itself, for run records.

/// Largest resident memory of this process so far, in MB (10^6 bytes); `None` where the system does not tell.
pub fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    peak_kib(&status).map(|kib| kib as f64 * 1024.0 / 1e6)
}

/// Marketing name of the processor, or the architecture where the system does not tell.
pub fn cpu_name() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|info| first_model(&info))
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Instruction set that the kernels use on this machine.
pub fn isa() -> &'static str {
    rarefy_kernels::Isa::best().name()
}

/// `VmHWM` of a Linux process status.
fn peak_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn first_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_a_process_status() {
        assert_eq!(peak_kib("Name:\trarefy\nVmPeak:\t  900 kB\nVmHWM:\t  1234 kB\n"), Some(1234));
        assert_eq!(peak_kib("Name:\trarefy\n"), None);
    }

    #[test]
    fn the_processor_name_is_read_from_cpuinfo() {
        let info = "processor\t: 0\nmodel name\t: Example CPU @ 3.0GHz\n";
        assert_eq!(first_model(info).as_deref(), Some("Example CPU @ 3.0GHz"));
        assert_eq!(first_model("processor : 0\n"), None);
    }
}
