//! Errors and warnings with their place, and how they are printed.

use std::fmt::Write;

use super::source::{Place, Sources};

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The case is refused.
    Error,
    /// The case runs.
    Warning,
}

/// One thing that is wrong, or doubtful, with its remedy.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable code, `E012` or `W031`.
    pub code: &'static str,
    /// Full key it is about, or the file.
    pub key: String,
    /// Headline.
    pub message: String,
    /// File as named on the command line.
    pub file: String,
    /// Line from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Column in characters from 1.
    pub column: usize,
    /// The line of the source.
    pub excerpt: String,
    /// Characters to underline.
    pub width: usize,
    /// What stands under the caret.
    pub label: String,
    /// What is expected, an example, the nearest spelling.
    pub notes: Vec<String>,
    order: (usize, usize),
}

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn new(
        severity: Severity,
        code: &'static str,
        key: &str,
        message: impl Into<String>,
        place: Option<Place>,
        sources: &Sources,
    ) -> Diagnostic {
        let mut d = Diagnostic {
            severity,
            code,
            key: key.into(),
            message: message.into(),
            file: sources.get(0).map_or(String::new(), |s| s.name.clone()),
            line: 0,
            column: 0,
            excerpt: String::new(),
            width: 0,
            label: String::new(),
            notes: Vec::new(),
            order: place.map_or((0, 0), |p| (p.source, p.start)),
        };
        if let Some((place, source)) = place.and_then(|p| Some((p, sources.get(p.source)?))) {
            d.file.clone_from(&source.name);
            let start = floor(&source.text, place.start);
            let before = &source.text[..start];
            let line_start = before.rfind('\n').map_or(0, |i| i + 1);
            let line = source.text[line_start..].lines().next().unwrap_or("");
            d.line = before.matches('\n').count() + 1;
            d.column = source.text[line_start..start].chars().count() + 1;
            let end = floor(&source.text, place.end.min(line_start + line.len())).max(start);
            d.width = source.text[start..end].chars().count().max(1);
            line.clone_into(&mut d.excerpt);
        }
        d
    }

    /// Adds what stands under the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.label = text.into();
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    /// Writes it as people read it.
    fn render(&self, out: &mut String, colour: bool) {
        let [message, label, excerpt] =
            [&self.message, &self.label, &self.excerpt].map(|text| visible(text));
        let (word, paint) = match self.severity {
            Severity::Error => ("error", "\x1b[1;31m"),
            Severity::Warning => ("warning", "\x1b[1;33m"),
        };
        let (paint, bold, blue, reset) =
            if colour { (paint, "\x1b[1m", "\x1b[34m", "\x1b[0m") } else { ("", "", "", "") };
        let _ = writeln!(out, "{paint}{word}[{}]{reset}{bold}: {message}{reset}", self.code);
        let gutter = " ".repeat(self.line.to_string().len());
        if self.line > 0 {
            let at = format!("{}:{}:{}", self.file, self.line, self.column);
            let _ = writeln!(out, "{gutter}{blue}-->{reset} {at}");
            let (text, column) = window(&excerpt, self.column - 1, self.width);
            let _ = writeln!(out, "{gutter} {blue}|{reset}");
            let _ = writeln!(out, "{blue}{} |{reset} {text}", self.line);
            let carets = "^".repeat(self.width.min(100 - column.min(99)).max(1));
            let space = " ".repeat(column);
            let line = format!("{gutter} {blue}|{reset} {space}{paint}{carets} {label}{reset}");
            let _ = writeln!(out, "{}", line.trim_end());
        } else {
            if !self.file.is_empty() {
                let _ = writeln!(out, " {blue}-->{reset} {}", self.file);
            }
            if !self.label.is_empty() {
                let _ = writeln!(out, "  = {label}");
            }
        }
        for note in &self.notes {
            let _ = writeln!(out, "{gutter} {blue}={reset} {}", visible(note));
        }
    }
}

/// Control characters as their pictures: what stands in a file does not command the terminal.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        '\u{7f}' => '\u{2421}',
        c if c < ' ' => char::from_u32(0x2400 + c as u32).unwrap_or(c),
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Most errors, and most warnings, that are told of one case.
const MOST: usize = 100;

/// Code of the entry that stands for all further errors.
const MORE: &str = "E029";

/// Adds a diagnostic to the list and gives it, to be completed. Those beyond [`MOST`] share one
/// last entry, so that a broken file costs no more than a page of text.
pub(super) fn add<'a>(
    found: &'a mut Vec<Diagnostic>,
    sources: &Sources,
    (severity, code): (Severity, &'static str),
    key: &str,
    message: String,
    place: Option<Place>,
) -> &'a mut Diagnostic {
    let told = found.iter().filter(|d| d.severity == severity).count();
    if told < MOST {
        found.push(Diagnostic::new(severity, code, key, message, place, sources));
    } else {
        let rest = "more is wrong: correct what is told here first";
        let code = if severity == Severity::Error { MORE } else { "W029" };
        let mut d = Diagnostic::new(severity, code, "", rest, None, sources);
        d.order = (usize::MAX, 0);
        found.retain(|d| d.code != code);
        found.push(d);
    }
    let last = found.len() - 1;
    &mut found[last]
}

/// The largest index not above `at` that begins a character.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// At most 100 characters of a line around `column`, tabs as spaces, and the column in them.
fn window(line: &str, column: usize, width: usize) -> (String, usize) {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let length = line.chars().count();
    if length <= 100 {
        return (line.chars().map(plain).collect(), column);
    }
    let start = if column + width.min(60) < 100 { 0 } else { column.saturating_sub(30) };
    let text: String = line.chars().skip(start).take(100).map(plain).collect();
    (text, column - start)
}

/// All that is wrong with a case.
#[derive(Debug, Default)]
pub struct Report {
    /// Errors and warnings, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// True when the case is right but does not fit into this machine's memory.
    pub resources: bool,
}

impl Report {
    /// Errors in it.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Sorts by place: the case file first, then what it extends.
    pub fn sort(&mut self) {
        // The caller completed it as if it were one error.
        for d in self.diagnostics.iter_mut().filter(|d| [MORE, "W029"].contains(&d.code)) {
            (d.label, d.notes) = (String::new(), Vec::new());
        }
        self.diagnostics.sort_by(|a, b| a.order.cmp(&b.order).then(a.code.cmp(b.code)));
        self.diagnostics.dedup();
    }

    /// The complete text.
    pub fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for (i, d) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            d.render(&mut out, colour);
        }
        match self.errors() {
            0 | 1 => {}
            n => {
                let _ = writeln!(out, "\n{n} errors");
            }
        }
        out
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Report {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_does_not_command_the_terminal() {
        assert_eq!(visible("\u{1b}[31mred\u{7f}\u{9b}\n\tµ"), "␛[31mred␡\u{fffd}\n\tµ");
    }

    #[test]
    fn long_lines_are_shown_around_the_place() {
        let line: String = (0..300).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
        assert_eq!(window("a\tb", 2, 1), ("a b".into(), 2));
        assert_eq!(window(&line, 90, 9), (line[..100].into(), 90));
        assert_eq!(window(&line, 91, 9), (line[61..161].into(), 30));
        // Of a wide place, at most 60 characters count.
        assert_eq!(window(&line, 39, 500), (line[..100].into(), 39));
        assert_eq!(window(&line, 250, 1), (line[220..].into(), 30));
    }
}
