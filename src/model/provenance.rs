//! Where every value of a run comes from: plain data that the case floor fills and the output
//! floor writes to `run.json`.

/// Provenance of a case.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Stem of the case file; names the output.
    pub stem: String,
    /// BLAKE3 over the canonical SI case, the contents of every input file and the program's
    /// major.minor version, hexadecimal.
    pub hash: String,
    /// Every value used, in the order of the case file, then defaults.
    pub entries: Vec<Entry>,
    /// Case file and what it extends: name and text as typed.
    pub texts: Vec<(String, String)>,
    /// By text, the folder from which its relative paths start, absolute.
    pub folders: Vec<String>,
    /// Arguments of `--set` in their order.
    pub sets: Vec<String>,
    /// Input files: path as typed, BLAKE3, bytes.
    pub inputs: Vec<(String, String, u64)>,
    /// Warnings given at the start.
    pub warnings: Vec<String>,
}

/// Longest stem: with what outputs add to it, a name that file systems take.
const LONGEST: usize = 200;

/// Says what is wrong with the stem of a case file that is to name the output.
pub fn plain(stem: &str) -> Result<(), String> {
    let what = if stem.is_empty() || [".", ".."].contains(&stem) {
        "is none"
    } else if stem.contains('/') {
        "holds a path"
    } else if stem.chars().any(char::is_control) {
        "holds a control character"
    } else if stem.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    } else {
        return Ok(());
    };
    Err(what.into())
}

/// One value.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Full key, `solutes.oxygen.diffusivity`.
    pub key: String,
    /// As typed ("2.7e-9 m^2/s"), or the default's text.
    pub typed: String,
    /// SI value, where there is one.
    pub si: Option<f64>,
    /// SI unit, empty without dimension.
    pub unit: String,
    /// "case", "extend base.toml", "--set", "default", or the library entry with its source.
    pub source: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_by_plain_names_alone() {
        for good in ["plug", "-x", ".tmp-x", "a b", "ä'\"$(x)", &"x".repeat(200)] {
            plain(good).unwrap();
        }
        for bad in ["", ".", "..", "../evil", "/tmp/x", "a\nb", "a\u{7f}", &"x".repeat(201)] {
            assert!(plain(bad).is_err(), "{bad:?}");
        }
    }
}
