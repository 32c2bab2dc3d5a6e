//! What Linux says of processes and of the machine.

use std::fs;

use crate::Result;

/// `/proc` counts a process's time in hundredths of a second on every Linux that Rust runs on.
const TICK_MICROS: u64 = 10_000;

/// How busy the machine is: its load averages over 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// How much processor time a process has taken, in microseconds, all its threads together.
pub(crate) fn cpu_micros(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in parentheses, which may hold blanks.
    let (_, fields) = text.rsplit_once(')').ok_or("a line of /proc can't be read")?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    match (times.next(), times.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) * TICK_MICROS),
        _ => Err("a line of /proc can't be read".into()),
    }
}

/// The most memory that a process has had at once, in MiB.
pub(crate) fn peak_mib(process: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("VmHWM is missing")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_time() {
        let process = std::process::id();
        assert!(peak_mib(process).unwrap() > 1.0);
        let before = cpu_micros(process).unwrap();
        let mut sum = 0_u64;
        while cpu_micros(process).unwrap() == before {
            sum = (0..1_000_000_u64).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        assert!(cpu_micros(process).unwrap() > before);
    }
}
