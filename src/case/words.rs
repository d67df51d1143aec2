//! Keys and lists in messages.

/// `a.b` from `a` and `b`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

/// The last key of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// More than one of what a name stands for.
pub(super) fn plural(noun: &str) -> String {
    noun.strip_suffix("ix").map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ices"))
}

/// "a", "a or b", "one of a, b, c".
pub(super) fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names[..] {
        [] => "nothing".into(),
        [a] => format!("`{a}`"),
        [a, b] => format!("`{a}` or `{b}`"),
        _ => format!("one of {}", names.join(", ")),
    }
}

/// At most 60 characters of a text, without control characters.
pub(super) fn brief(text: &str) -> String {
    let plain: String =
        text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > 60 { format!("{plain}…") } else { plain }
}
