//! Numbers from text files.

use std::path::Path;

use super::Builder;
use crate::case::checked::Checked;
use crate::case::source;
use crate::case::words::brief;

/// Largest file of numbers, bytes.
const LARGEST: u64 = 1 << 30;

/// A file of numbers.
pub(super) struct Columns {
    /// Names of the columns, where the first line gives them.
    pub header: Vec<String>,
    /// Rows: line number and cells.
    pub rows: Vec<(usize, Vec<f64>)>,
}

impl Builder<'_> {
    /// Reads the file under `path`: columns separated by comma, semicolon, tab or space, `#`
    /// begins a comment, the first line may hold names. A `.raw` is one row of numbers in single
    /// precision, little-endian.
    pub(super) fn columns(&mut self, path: &Checked) -> Option<Columns> {
        let file = self.resolve(path, false)?;
        let read = source::read_bytes(&file, LARGEST).and_then(|bytes| {
            let hash = blake3::hash(&bytes).to_hex().to_string();
            self.inputs.push((path.typed.clone(), hash, bytes.len() as u64));
            // By the name typed: a link may point to a file of any name.
            if path.text().is_some_and(|t| Path::new(t).extension().is_some_and(|e| e == "raw")) {
                return raw(&bytes);
            }
            let text = String::from_utf8(bytes).map_err(|_| "is not text".to_owned())?;
            parse(text.strip_prefix('\u{feff}').unwrap_or(&text))
        });
        match read {
            Ok(columns) => Some(columns),
            Err(what) => {
                let name = brief(path.text().unwrap_or_default());
                self.wrong("E024", path, format!("{}: {name} cannot be used", path.key)).label =
                    format!("it {what}");
                None
            }
        }
    }

    /// Reads two columns, the first strictly ascending; both in units typed beside the path.
    pub(super) fn course(
        &mut self,
        path: &Checked,
        factors: (f64, f64),
    ) -> Option<Vec<(f64, f64)>> {
        let columns = self.columns(path)?;
        let bad = columns.rows.iter().find(|r| r.1.len() != 2);
        let back = columns.rows.windows(2).find(|w| w[1].1[0] <= w[0].1[0]).map(|w| w[1].0);
        let problem = match (bad, back) {
            _ if columns.rows.is_empty() => "has no row of numbers".into(),
            (Some((line, cells)), _) => {
                format!("has {} columns in line {line}, expected 2", cells.len())
            }
            (None, Some(line)) => format!("does not ascend in line {line}"),
            (None, None) => {
                let pair = |r: &(usize, Vec<f64>)| (r.1[0] * factors.0, r.1[1] * factors.1);
                return Some(columns.rows.iter().map(pair).collect());
            }
        };
        let name = brief(path.text().unwrap_or_default());
        self.wrong("E024", path, format!("{}: {name} cannot be used", path.key)).label =
            format!("it {problem}");
        None
    }
}

fn raw(bytes: &[u8]) -> Result<Columns, String> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("has {} bytes, not a multiple of 4", bytes.len()));
    }
    let numbers: Vec<f64> = numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect();
    if let Some(i) = numbers.iter().position(|v| !v.is_finite()) {
        return Err(format!("holds {} as number {}", numbers[i], i + 1));
    }
    Ok(Columns { header: Vec::new(), rows: vec![(1, numbers)] })
}

fn parse(text: &str) -> Result<Columns, String> {
    let mut columns = Columns { header: Vec::new(), rows: Vec::new() };
    for (i, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let separator = [',', ';', '\t'].into_iter().find(|c| line.contains(*c));
        let cells: Vec<&str> = match separator {
            Some(c) => line.split(c).map(str::trim).collect(),
            None => line.split_whitespace().collect(),
        };
        let numbers: Result<Vec<f64>, &str> = cells
            .iter()
            .map(|c| c.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or(*c))
            .collect();
        match numbers {
            Ok(numbers) => columns.rows.push((i + 1, numbers)),
            Err(_) if columns.rows.is_empty() && columns.header.is_empty() => {
                columns.header = cells.iter().map(|c| c.trim_matches('"').to_owned()).collect();
            }
            Err(cell) => {
                return Err(format!("has `{}` in line {}, not a number", brief(cell), i + 1));
            }
        }
    }
    Ok(columns)
}
