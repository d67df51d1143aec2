//! What homogenising a structure costs: the same case with its pores resolved and with their
//! averages, and how far every answer differs.

use super::OF_THE_RUN;
use crate::case::{Case, Report};
use crate::model::answers::Answer;

/// What the second value of an answer means.
pub const DEFINITION: &str = "closure error: what averages, on the voxels of the blocks, put the \
answer off by, relative to the answer with the pores resolved";

/// The other treatment of a case's structure.
pub struct Plan {
    /// The case with it.
    pub other: Case,
    /// True when the case itself is resolved.
    pub resolved: bool,
    /// Keys that count cells per construct volume, which is another number of cells in pores than in
    /// their averages.
    pub uneven: Vec<String>,
}

impl Plan {
    /// Plans the run beside `case`; `load` reads the case again with these `--set` arguments on
    /// top. `Err`: there is no other treatment, in words.
    pub fn new(
        case: &Case,
        load: &dyn Fn(&[String]) -> Result<Case, Report>,
    ) -> Result<Plan, String> {
        let resolved = case.setup.structure.homogenised.is_none();
        let structure =
            case.provenance.entries.iter().any(|e| e.key.contains("scaffold.structure"));
        if !structure {
            return Err("the case has no scaffold.structure".into());
        }
        let word = if resolved { "homogenised" } else { "pores" };
        let other = load(&[format!("scaffold.resolve=\"{word}\"")]).map_err(|r| r.to_string())?;
        let counts = |key: &str| key.ends_with(".counted_per") || key.ends_with(".capacity.per");
        let uneven = case.provenance.entries.iter();
        let uneven = uneven.filter(|e| counts(&e.key) && e.typed.contains("construct-volume"));
        Ok(Plan { other, resolved, uneven: uneven.map(|e| e.key.clone()).collect() })
    }

    /// The other treatment in a word.
    pub fn name(&self) -> &'static str {
        if self.resolved { "homogenised" } else { "resolved" }
    }
}

/// Gives every answer its value by the other treatment, and how far homogenising puts it off.
pub fn compare(answers: &mut [Answer], other: &[Answer], resolved: bool) {
    let name = if resolved { "homogenised" } else { "resolved" };
    for a in answers.iter_mut().filter(|a| !OF_THE_RUN.contains(&a.key.as_str())) {
        let found = other.iter().find(|b| b.key == a.key);
        let value = found.and_then(|b| b.number);
        let off = match (a.number, value) {
            (Some(own), Some(value)) => {
                a.other = Some(value);
                let (exact, closed) = if resolved { (own, value) } else { (value, own) };
                (exact != 0.0).then(|| 100.0 * (closed / exact - 1.0))
            }
            (None, None) => continue,
            _ => None,
        };
        let text = found.map_or("none", |b| b.text.as_str());
        let off = off.map_or(String::new(), |o| format!(", closure error {o:+.2} %"));
        a.text = format!("{} ({name}: {text}{off})", a.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(key: &str, text: &str, number: Option<f64>) -> Answer {
        Answer { key: key.into(), text: text.into(), number, ..Answer::default() }
    }

    #[test]
    fn the_error_is_relative_to_the_pores() {
        let homogenised =
            [answer("viable_fraction", "66 %", Some(0.66)), answer("x", "late", None)];
        let mut list = vec![
            answer("viable_fraction", "60 %", Some(0.6)),
            answer("x", "early", None),
            answer("wall_time", "3 s", Some(3.0)),
        ];
        compare(&mut list, &homogenised, true);
        assert_eq!(list[0].text, "60 % (homogenised: 66 %, closure error +10.00 %)");
        assert_eq!(list[0].other, Some(0.66));
        assert_eq!((&*list[1].text, &*list[2].text), ("early", "3 s"));
        let mut list = vec![answer("viable_fraction", "66 %", Some(0.66))];
        compare(&mut list, &[answer("viable_fraction", "60 %", Some(0.6))], false);
        assert_eq!(list[0].text, "66 % (resolved: 60 %, closure error +10.00 %)");
    }
}
