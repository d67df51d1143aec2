//! Tables of numbers: from the bytes of a file to rows.

use super::words::brief;

/// Largest number read: sums, differences and products of any two remain finite.
const LARGEST: f64 = 1e60;

fn readable(v: f64) -> bool {
    v.abs() <= LARGEST
}

/// What is wrong with a cell.
fn refused(cell: &str, line: usize) -> String {
    let large = cell.parse().is_ok_and(|v: f64| v.is_finite());
    let what = if large { "not a number up to 1e60" } else { "not a number" };
    format!("has `{}` in line {line}, {what}", brief(cell))
}

/// A file of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Names of the columns, where the first line gives them.
    pub header: Vec<String>,
    /// Rows: line number and cells.
    pub rows: Vec<(usize, Vec<f64>)>,
}

impl Columns {
    /// Reads columns separated by comma, semicolon, tab or space; `#` begins a comment, the first
    /// line may hold names. Says what is wrong with them.
    pub fn read(bytes: Vec<u8>) -> Result<Columns, String> {
        let text = String::from_utf8(bytes).map_err(|_| "is not text".to_owned())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut columns = Columns::default();
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
                .map(|c| c.parse::<f64>().ok().filter(|v| readable(*v)).ok_or(*c))
                .collect();
            match numbers {
                Ok(numbers) => columns.rows.push((i + 1, numbers)),
                // A name does not begin as a number does.
                Err(_)
                    if columns.rows.is_empty()
                        && columns.header.is_empty()
                        && !cells[0]
                            .starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) =>
                {
                    columns.header = cells.iter().map(|c| c.trim_matches('"').to_owned()).collect();
                }
                Err(cell) => {
                    return Err(refused(cell, i + 1));
                }
            }
        }
        Ok(columns)
    }

    /// Reads one row of numbers in single precision, little-endian.
    pub fn read_raw(bytes: &[u8]) -> Result<Columns, String> {
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

    /// Its two columns, each times its factor; the first must ascend.
    pub fn course(&self, factors: (f64, f64)) -> Result<Vec<(f64, f64)>, String> {
        let rows = &self.rows;
        if rows.is_empty() {
            return Err("has no row of numbers".into());
        }
        if let Some((line, cells)) = rows.iter().find(|r| r.1.len() != 2) {
            return Err(format!("has {} columns in line {line}, expected 2", cells.len()));
        }
        if let Some(w) = rows.windows(2).find(|w| w[1].1[0] <= w[0].1[0]) {
            return Err(format!("does not ascend in line {}", w[1].0));
        }
        Ok(rows.iter().map(|r| (r.1[0] * factors.0, r.1[1] * factors.1)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_in_the_units_of_its_factors() {
        let rows = vec![(1, vec![1.0, 2.0]), (2, vec![3.0, 0.0])];
        let columns = Columns { header: Vec::new(), rows };
        assert_eq!(columns.course((60.0, 0.5)), Ok(vec![(60.0, 1.0), (180.0, 0.0)]));
    }
}
