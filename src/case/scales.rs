//! Characteristic numbers of a case, before it runs.

/// Bytes of memory that this machine can still give; infinite where it does not say.
pub fn memory_available() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::INFINITY, |k| k * 1024.0)
}
