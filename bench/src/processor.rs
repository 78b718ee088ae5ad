//! Processor time of a process, from the operating system.
//!
//! `/proc/PID/task/*/schedstat` counts nanoseconds for each thread that lives; `/proc/PID/stat`
//! counts ticks (10 ms) for all threads, those that ended included. The first is read when it
//! tells all, the second otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

use crate::error::Error;

/// User and system time a process had consumed at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProcessorTime {
    /// Nanoseconds on a processor, by thread id.
    threads: BTreeMap<u32, u64>,
    /// All threads, those that ended included.
    total: Duration,
}

/// By how much the two sources may differ through the rounding of user and system ticks.
const ROUNDING_TICKS: u32 = 3;

impl ProcessorTime {
    /// # Errors
    /// The process is gone, or `/proc` is not Linux's.
    pub(crate) fn read(pid: u32) -> Result<Self, Error> {
        let failed = || Error::io(format!("read the processor time of process {pid}"));
        let threads = read_threads(pid).map_err(failed())?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(failed())?;
        let ticks = parse_stat(&stat).ok_or_else(|| failed()(malformed()))?;
        Ok(Self { threads, total: tick().saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX)) })
    }

    /// Processor time between `earlier` and this moment.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let coarse = self.total.saturating_sub(earlier.total);
        let ended = earlier.threads.keys().any(|id| !self.threads.contains_key(id));
        let sum = |threads: &BTreeMap<u32, u64>| threads.values().sum::<u64>();
        let fine = sum(&self.threads).saturating_sub(sum(&earlier.threads));
        let fine = Duration::from_nanos(fine);
        if ended || coarse > fine + tick() * ROUNDING_TICKS { coarse } else { fine }
    }
}

fn read_threads(pid: u32) -> io::Result<BTreeMap<u32, u64>> {
    let mut threads = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        // A thread may end between the listing and the reading: `since` then sees it missing.
        let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
        let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
        threads.extend(id.zip(parse_schedstat(&text)));
    }
    Ok(threads)
}

/// The first field: nanoseconds spent on a processor.
fn parse_schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15 of `proc_pid_stat(5)`, user and system ticks. The name in field 2 may hold
/// spaces and parentheses, so fields are counted from the last `)`.
fn parse_stat(text: &str) -> Option<u64> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

fn tick() -> Duration {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_nanos(1_000_000_000 / per_second)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "unknown format")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_stat(text: &str, ticks: Option<u64>) {
        assert_eq!(parse_stat(text), ticks, "{text}");
    }

    #[test]
    fn stat_is_counted_from_the_last_parenthesis() {
        check_stat("1 (a) S 1 1 1 0 -1 4194304 103 0 0 0 7 5 99 98 20 0 1 0 66240", Some(12));
        check_stat("1 (a) b (c) S 1 1 1 0 -1 4194304 103 0 0 0 1200 34 0 0 20 0", Some(1234));
        check_stat("1 (a) S 1 1 1 0 -1 4194304 103 0 0 0 7", None);
        check_stat("1 (a) S 1 1 1 0 -1 4194304 103 0 0 0 x 5", None);
        check_stat("", None);
    }

    #[test]
    fn schedstat_is_its_first_field() {
        assert_eq!(parse_schedstat("81113 2999424 2\n"), Some(81113));
        assert_eq!(parse_schedstat(""), None);
        assert_eq!(parse_schedstat("x 1 2"), None);
    }

    fn at(threads: &[(u32, u64)], total_ms: u64) -> ProcessorTime {
        let threads = threads.iter().copied().collect();
        ProcessorTime { threads, total: Duration::from_millis(total_ms) }
    }

    #[test]
    fn living_threads_are_counted_in_nanoseconds() {
        let spent = at(&[(1, 5_000_123), (2, 900)], 0).since(&at(&[(1, 5_000_000)], 0));
        assert_eq!(spent, Duration::from_nanos(1_023));
    }

    #[test]
    fn an_ended_thread_turns_to_the_ticks() {
        let spent = at(&[(1, 5)], 250).since(&at(&[(1, 0), (2, 7)], 100));
        assert_eq!(spent, Duration::from_millis(150));
    }

    #[test]
    fn a_thread_that_came_and_went_turns_to_the_ticks() {
        let before = at(&[(1, 0)], 100);
        assert_eq!(at(&[(1, 50_000_000)], 180).since(&before), Duration::from_millis(50));
        assert_eq!(at(&[(1, 50_000_000)], 190).since(&before), Duration::from_millis(90));
    }

    #[test]
    fn this_process_has_consumed_some() {
        let before = ProcessorTime::read(std::process::id()).unwrap();
        let sum: u64 = std::hint::black_box((0..5_000_000_u64).map(std::hint::black_box).sum());
        assert!(sum > 0);
        let threads = ProcessorTime::read(std::process::id()).unwrap().threads;
        assert!(threads.values().sum::<u64>() > 0 && !before.threads.is_empty());
    }
}
