//! The process's own figures, by the names that Prometheus clients use.

use metrics::{describe_gauge, gauge};

/// Ticks a second in `/proc/self/stat`: the kernel's `USER_HZ`, which is 100 on every platform that
/// it runs on.
const TICKS_S: f64 = 100.0;
const PAGE_BYTES: f64 = 4_096.0;

/// Reads them; where there is no `/proc` they are left out. The processor's time is given back as
/// text: it is a counter with a fraction, and the recorder's counters are whole numbers.
pub(super) fn figures() -> String {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return String::new() };
    // The second field is the name in parentheses, which may hold blanks: count from behind it.
    let fields: Vec<f64> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or(0.0);
    gauge!("process_threads").set(field(20));
    gauge!("process_virtual_memory_bytes").set(field(23));
    gauge!("process_resident_memory_bytes").set(field(24) * PAGE_BYTES);
    gauge!("process_start_time_seconds").set(boot_s() + field(22) / TICKS_S);
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    gauge!("process_open_fds").set(f64::from(u32::try_from(open).unwrap_or(u32::MAX)));
    gauge!("process_max_fds").set(max_fds());
    let name = "process_cpu_seconds_total";
    let help = "Seconds of processor time, in user and system mode.";
    let seconds = (field(14) + field(15)) / TICKS_S;
    format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {seconds}\n")
}

pub(super) fn describe() {
    describe_gauge!("process_threads", "Threads of the process.");
    describe_gauge!("process_virtual_memory_bytes", "Bytes of address space.");
    describe_gauge!("process_resident_memory_bytes", "Bytes of memory in use.");
    describe_gauge!("process_start_time_seconds", "Start of the process, in Unix seconds.");
    describe_gauge!("process_open_fds", "Open file descriptors.");
    describe_gauge!("process_max_fds", "File descriptors that may be open at once.");
}

fn boot_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "));
    line.and_then(|text| text.trim().parse().ok()).unwrap_or(0.0)
}

fn max_fds() -> f64 {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}
