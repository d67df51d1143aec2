//! The house: floors and invariants, read from the sources.
//!
//! The list of floors stands in the docs of `src/lib.rs` and nowhere else. A line
//! `4 physics: law kinetics` says: `physics` may import the floors with a lower number, and
//! `physics::kinetics` may import `physics::law`, not the other way round. Modules that share a
//! floor without a colon (`7 case output`) do not import each other. What the rules say about
//! code does not hold for `#[cfg(test)]` modules, except the floors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Words that `numerics` must not use. A word of the text, cut at underscores and capitals and
/// in lower case, is refused when it begins with one of these. Left out on purpose: "cell"
/// (finite volumes have cells), "growth" (of a time step), "solute", "bath", "medium".
const BIOLOGY: [&str; 30] = [
    "anoikis",
    "bioma",
    "chemota",
    "chondro",
    "cultur",
    "cytok",
    "death",
    "fibrobl",
    "gluc",
    "hypox",
    "immun",
    "lactat",
    "lysis",
    "metabol",
    "michaelis",
    "mitosis",
    "motil",
    "msc",
    "necro",
    "nutri",
    "osteo",
    "oxyg",
    "populat",
    "prolif",
    "quiesc",
    "scaffold",
    "seeding",
    "tissue",
    "uptake",
    "viab",
];

/// A word and the paths (beginnings, below `src/`) that may use it.
struct Only {
    word: &'static str,
    paths: &'static [&'static str],
}

/// Words that belong to one place. The word must stand alone: `hdf5` does not match `hdf5_sys`.
const ONLY: [Only; 16] = [
    Only { word: "rayon", paths: &["ground/par.rs"] },
    Only { word: "hdf5", paths: &["output/"] },
    Only { word: "sprs", paths: &["numerics/matrix"] },
    Only { word: "clap", paths: &["cli/", "main.rs"] },
    Only { word: "print!", paths: &["cli/"] },
    Only { word: "println!", paths: &["cli/"] },
    Only { word: "eprint!", paths: &["cli/"] },
    Only { word: "eprintln!", paths: &["cli/"] },
    Only { word: "process::exit", paths: &["cli/"] },
    Only { word: "io::stdout", paths: &["cli/"] },
    Only { word: "io::stderr", paths: &["cli/"] },
    Only { word: "unsafe", paths: &["ground/par.rs", "ground/simd.rs"] },
    Only { word: "static mut", paths: &[] },
    Only { word: "thread_local!", paths: &[] },
    Only { word: "dbg!", paths: &[] },
    Only { word: "todo!", paths: &[] },
];

/// Where user input arrives: nothing there may panic.
const NO_PANIC: [&str; 7] = [
    "case/",
    "output/",
    "cli/",
    "geometry/import",
    "geometry/stl",
    "geometry/surface",
    "geometry/voxelise",
];
const PANICS: [&str; 6] =
    [".unwrap()", ".expect(", "panic!", "unimplemented!", "unreachable!", "process::abort"];

/// Longest file: lines that are neither blank nor in tests.
const LONGEST: usize = 600;

/// A source file: its path below `src/` and its text.
struct Source {
    path: String,
    text: String,
}

#[test]
fn every_file_keeps_the_rules_of_the_house() {
    let sources = read_sources();
    let lib = sources.iter().find(|s| s.path == "lib.rs").expect("src/lib.rs");
    let complaints = inspect(&floors(&lib.text).expect("floors in src/lib.rs"), &sources);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// All Rust files below `src/`.
fn read_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let below = path.strip_prefix(&root).expect("below src");
                let text = fs::read_to_string(&path).expect("text");
                sources.push(Source { path: below.display().to_string(), text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Everything that is wrong with the files.
fn inspect(house: &House, sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    let macros = exported_macros(sources);
    for source in sources {
        let code = code_only(&source.text);
        let (plain, tests) = without_tests(&code);
        check_floors(house, &macros, &source.path, &plain, &tests, &mut complaints);
        check_words(&source.path, &plain, &mut complaints);
        if source.path.starts_with("numerics/") {
            let (text, _) = without_tests(&source.text);
            check_biology(&source.path, &text, &mut complaints);
        }
        let (text, _) = without_tests(&source.text);
        let lines = text.lines().filter(|l| !l.is_empty()).count();
        if lines > LONGEST {
            complaints.push(format!("src/{}: {lines} lines, {LONGEST} at most", source.path));
        }
    }
    complaints
}

// ---------------------------------------------------------------------------- floors

/// Where a module stands: floor number, and modules in the order of permission.
#[derive(Debug, PartialEq)]
struct House {
    floors: BTreeMap<String, (usize, Vec<String>)>,
}

/// Reads lines `N floor: module …` or `N floor floor` from the `text` block of the docs.
fn floors(lib: &str) -> Result<House, String> {
    let mut floors = BTreeMap::new();
    let docs = lib.lines().map_while(|l| l.strip_prefix("//!")).map(str::trim);
    let block = docs.skip_while(|l| *l != "```text").skip(1).take_while(|l| *l != "```");
    for line in block {
        let (number, rest) = line.split_once(' ').ok_or(format!("no floor: {line}"))?;
        let number = number.parse().map_err(|_| format!("no floor number: {line}"))?;
        let (tops, modules) = rest.split_once(':').unwrap_or((rest, ""));
        let modules: Vec<String> = modules.split_whitespace().map(String::from).collect();
        for top in tops.split_whitespace() {
            if floors.insert(top.to_string(), (number, modules.clone())).is_some() {
                return Err(format!("`{top}` stands on two floors"));
            }
        }
    }
    if floors.is_empty() { Err("no list of floors".into()) } else { Ok(House { floors }) }
}

/// Macros that `#[macro_export]` lifts to the top of the crate, and the module they live in.
fn exported_macros(sources: &[Source]) -> BTreeMap<String, Vec<String>> {
    let mut macros = BTreeMap::new();
    for source in sources {
        let code = code_only(&source.text);
        let mut rest = code.as_str();
        while let Some(at) = rest.find("#[macro_export]") {
            rest = &rest[at + 15..];
            if let Some(name) =
                rest.split_once("macro_rules!").map(|r| identifier(r.1.trim_start()))
            {
                macros.insert(name.to_string(), module_of(&source.path));
            }
        }
    }
    macros
}

/// `physics/kinetics.rs` is `[physics, kinetics]`, `physics/mod.rs` is `[physics]`.
fn module_of(path: &str) -> Vec<String> {
    let parts = path.trim_end_matches(".rs").split('/');
    parts.filter(|p| !matches!(*p, "mod" | "lib" | "main")).map(String::from).collect()
}

fn check_floors(
    house: &House,
    macros: &BTreeMap<String, Vec<String>>,
    path: &str,
    plain: &str,
    tests: &str,
    complaints: &mut Vec<String>,
) {
    let here = module_of(path);
    let Some(top) = here.first() else { return };
    let Some((floor, order)) = house.floors.get(top) else {
        complaints.push(format!("src/{path}: `{top}` has no floor in src/lib.rs"));
        return;
    };
    // mod.rs, the door of a floor, stands after all its modules.
    let place = match here.get(1) {
        Some(module) if !order.is_empty() => {
            let Some(place) = order.iter().position(|m| m == module) else {
                complaints.push(format!("src/{path}: `{top}::{module}` is not in src/lib.rs"));
                return;
            };
            place
        }
        _ => order.len(),
    };
    for (line, used) in paths(plain, &here).into_iter().chain(paths(tests, &[])) {
        let used = match used.first() {
            Some(name) if macros.contains_key(name) => macros[name].clone(),
            _ => used,
        };
        let Some(target) = used.first() else { continue };
        let Some((other_floor, _)) = house.floors.get(target) else {
            complaints.push(format!("src/{path}:{line}: `{target}` has no floor in src/lib.rs"));
            continue;
        };
        if target == top {
            let other = used.get(1).and_then(|m| order.iter().position(|o| o == m));
            if !order.is_empty() && other.unwrap_or(order.len()) > place {
                complaints.push(format!(
                    "src/{path}:{line}: `{}` uses `{}`, which comes later on floor {floor}",
                    here.join("::"),
                    used.iter().take(2).map(String::as_str).collect::<Vec<_>>().join("::")
                ));
            }
        } else if other_floor >= floor {
            complaints.push(format!(
                "src/{path}:{line}: `{top}` (floor {floor}) uses `{target}` (floor {other_floor})"
            ));
        }
    }
}

/// Line and path of everything that begins with `crate::`, and with `super::` where `here`
/// (the module of the file) is known. The path is without `crate`.
fn paths(code: &str, here: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let at = |root: &str| code.match_indices(root).map(|m| m.0).collect::<Vec<_>>();
    let alone =
        |i: usize| !code[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let line = |i: usize| code[..i].matches('\n').count() + 1;
    for i in at("crate::").into_iter().filter(|&i| alone(i)) {
        for path in tree(&mut &code[i + 7..]) {
            found.push((line(i), path));
        }
    }
    let Some((_, parent)) = here.split_last() else { return found };
    for i in at("super::").into_iter().filter(|&i| alone(i)) {
        let mut rest = &code[i + 7..];
        let mut base = parent;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            base = base.split_last().map_or(&[], |b| b.1);
        }
        for path in tree(&mut rest) {
            found.push((line(i), [base, &path].concat()));
        }
    }
    found
}

/// The paths of a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn tree(rest: &mut &str) -> Vec<Vec<String>> {
    *rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        *rest = inner;
        let mut all = Vec::new();
        loop {
            *rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                *rest = after;
                return all;
            }
            let before = rest.len();
            all.extend(tree(rest));
            // Past `as name` and the comma.
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            *rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
            if rest.len() == before {
                return all;
            }
        }
    }
    let name = identifier(rest);
    *rest = &rest[name.len()..];
    if name.is_empty() {
        return vec![Vec::new()];
    }
    match rest.strip_prefix("::") {
        Some(more) => {
            *rest = more;
            let mut paths = tree(rest);
            for path in &mut paths {
                path.insert(0, name.to_string());
            }
            paths
        }
        None => vec![vec![name.to_string()]],
    }
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

// ---------------------------------------------------------------------------- words

fn check_words(path: &str, code: &str, complaints: &mut Vec<String>) {
    let mut complain = |word: &str, why: &str| {
        for (number, line) in code.lines().enumerate() {
            if contains_word(line, word) {
                complaints.push(format!("src/{path}:{}: `{word}` {why}", number + 1));
            }
        }
    };
    for rule in &ONLY {
        if !rule.paths.iter().any(|p| path.starts_with(p)) {
            let why = match rule.paths {
                [] => "is not used in this house".to_string(),
                paths => format!("belongs to {}", paths.join(", ")),
            };
            complain(rule.word, &why);
        }
    }
    if NO_PANIC.iter().any(|p| path.starts_with(p)) {
        for word in PANICS {
            complain(word, "may panic on what a user typed");
        }
    }
}

/// True when `word` stands in `line` and is not part of a longer name.
fn contains_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].ends_with(part) && word.starts_with(part);
        let after = line[at + word.len()..].starts_with(part) && word.ends_with(part);
        !before && !after
    })
}

fn check_biology(path: &str, text: &str, complaints: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        for word in words(line) {
            if BIOLOGY.iter().any(|b| word.starts_with(b)) {
                complaints.push(format!(
                    "src/{path}:{}: `{word}` is biology, and numerics knows none",
                    number + 1
                ));
            }
        }
    }
}

/// Words in lower case, cut where a name is put together: `OxygenUptake_rate` has three.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_lower = false;
    for c in line.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && last_lower) {
            words.push(String::new());
        }
        if c.is_alphabetic() {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
        last_lower = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

// ---------------------------------------------------------------------------- sources

/// The text with comments, strings and characters blanked out; lines stay where they are.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let starts =
        |i: usize, s: &str| s.chars().enumerate().all(|(k, c)| chars.get(i + k) == Some(&c));
    let mut i = 0;
    while i < chars.len() {
        let end = if starts(i, "//") {
            (i..chars.len()).find(|&k| chars[k] == '\n').unwrap_or(chars.len())
        } else if starts(i, "/*") {
            let mut depth = 0;
            let mut k = i;
            while k < chars.len() {
                if starts(k, "/*") {
                    depth += 1;
                    k += 2;
                } else if starts(k, "*/") {
                    depth -= 1;
                    k += 2;
                    if depth == 0 {
                        break;
                    }
                } else {
                    k += 1;
                }
            }
            k.min(chars.len())
        } else if let Some(end) = string_end(&chars, i) {
            end
        } else {
            out.push(chars[i]);
            i += 1;
            continue;
        };
        out.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        i = end;
    }
    out
}

/// Where the string or character that begins at `i` ends; `None`: none begins there.
fn string_end(chars: &[char], i: usize) -> Option<usize> {
    let named = i > 0 && (chars[i - 1].is_alphanumeric() || chars[i - 1] == '_');
    match chars[i] {
        '"' => {
            let mut k = i + 1;
            while k < chars.len() && chars[k] != '"' {
                k += if chars[k] == '\\' { 2 } else { 1 };
            }
            Some((k + 1).min(chars.len()))
        }
        'r' if !named || chars[i - 1] == 'b' => {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            if chars.get(i + 1 + hashes) != Some(&'"') {
                return None;
            }
            let close =
                |k: usize| chars[k] == '"' && (1..=hashes).all(|h| chars.get(k + h) == Some(&'#'));
            let quote = (i + 2 + hashes..chars.len()).find(|&k| close(k))?;
            Some(quote + 1 + hashes)
        }
        // 'a' and '\n' are characters, 'a alone is a lifetime.
        '\'' if chars.get(i + 1) == Some(&'\\') => {
            (i + 3..chars.len()).find(|&k| chars[k] == '\'').map(|k| k + 1)
        }
        '\'' if chars.get(i + 2) == Some(&'\'') => Some(i + 3),
        _ => None,
    }
}

/// Splits off what `#[cfg(test)]` covers: the rest, and the tests, each with the lines of the
/// other left empty.
fn without_tests(text: &str) -> (String, String) {
    let (mut plain, mut tests) = (String::new(), String::new());
    let mut depth = 0_i32;
    let mut inside = false; // After the attribute, up to the end of its item.
    for line in text.lines() {
        inside |= line.trim_start().starts_with("#[cfg(test)]");
        if inside {
            let code = code_only(line);
            let opened = code.contains('{');
            depth += code.matches('{').count() as i32 - code.matches('}').count() as i32;
            tests.push_str(line);
            if depth <= 0 && (opened || code.contains('}') || code.trim_end().ends_with(';')) {
                inside = false;
                depth = 0;
            }
        } else {
            plain.push_str(line);
        }
        plain.push('\n');
        tests.push('\n');
    }
    (plain, tests)
}

// ---------------------------------------------------------------------------- each rule can fail

const PLAN: &str = "//! Map.\n//! ```text\n//! 1 ground: units par\n//! 3 numerics: operator matrix\n\
                    //! 4 physics: law kinetics\n//! 7 case output\n//! 9 cli\n//! ```\n";

/// Complaints about one file in a small house.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let source = Source { path: path.into(), text: text.into() };
    inspect(&floors(PLAN).expect("plan"), &[source])
}

#[track_caller]
fn refused(path: &str, text: &str, complaint: &str) {
    let all = complaints(path, text);
    assert!(all.len() == 1 && all[0].contains(complaint), "{path}: {text}: {all:?}");
}

#[track_caller]
fn accepted(path: &str, text: &str) {
    assert_eq!(complaints(path, text), Vec::<String>::new(), "{path}: {text}");
}

#[test]
fn a_floor_that_imports_a_higher_one_is_refused() {
    accepted("physics/law.rs", "use crate::numerics::operator::Laplace;");
    refused(
        "numerics/operator.rs",
        "\nuse crate::physics::law::Law;",
        "rs:2: `numerics` (floor 3)",
    );
    refused("numerics/operator.rs", "use crate::{ground::units, case::Case};", "uses `case`");
    refused("ground/par.rs", "fn f() { crate::cli::main() }", "uses `cli` (floor 9)");
    refused("ground/par.rs", "#[cfg(test)]\nmod tests {\n use crate::cli::x;\n}", "rs:3:");
    refused("physics/law.rs", "macro_rules! m { () => { $crate::case::x() } }", "uses `case`");
    refused("numerics/operator.rs", "use super::super::physics::law::Law;", "uses `physics`");
}

#[test]
fn within_a_floor_the_list_is_the_order_of_permission() {
    accepted("physics/kinetics.rs", "use crate::physics::law::Law;");
    refused("physics/law.rs", "use crate::physics::kinetics::Uptake;", "comes later on floor 4");
    refused("physics/law.rs", "use super::kinetics::Uptake;", "comes later on floor 4");
    refused("physics/law.rs", "use crate::physics::{kinetics as k};", "comes later on floor 4");
    accepted("physics/mod.rs", "pub mod law; use crate::physics::kinetics::Uptake;");
    refused("output/file.rs", "use crate::case::Case;", "uses `case` (floor 7)");
    accepted("case/reader.rs", "use crate::case::words;\nuse super::words;");
}

#[test]
fn a_module_without_a_floor_is_refused() {
    refused("extra/mod.rs", "", "`extra` has no floor");
    refused("physics/extra.rs", "", "`physics::extra` is not in");
    refused("case/reader.rs", "use crate::extra::x;", "`extra` has no floor");
    assert!(floors("//! ```text\n//! 1 a\n//! 2 a\n//! ```").is_err());
    assert!(floors("//! nothing").is_err());
}

#[test]
fn an_exported_macro_belongs_to_its_module() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let law = "#[macro_export]\nmacro_rules! laws { () => {} }";
    let house = floors(PLAN).expect("plan");
    let above = [source("physics/law.rs", law), source("physics/kinetics.rs", "use crate::laws;")];
    assert_eq!(inspect(&house, &above), Vec::<String>::new());
    let below = [source("physics/law.rs", law), source("ground/units.rs", "use crate::laws;")];
    assert_eq!(inspect(&house, &below).len(), 1);
}

#[test]
fn numerics_that_speaks_of_biology_is_refused() {
    for text in ["struct OxygenField;", "// the dead: viability", "let uptake_rate = 1.0;"] {
        refused("numerics/operator.rs", text, "is biology");
    }
    accepted("numerics/operator.rs", "// cell-centred; growth of dt; one voxel of the field");
    accepted("numerics/operator.rs", "#[cfg(test)]\nmod tests {\n    // oxygen\n}");
    accepted("physics/law.rs", "struct Oxygen;");
}

#[test]
fn a_word_out_of_its_place_is_refused() {
    accepted("ground/par.rs", "use rayon::prelude::*;");
    refused("ground/units.rs", "use rayon::prelude::*;", "`rayon` belongs to ground/par.rs");
    refused("case/reader.rs", "fn f(x: hdf5::File) {}", "`hdf5` belongs to output/");
    accepted("numerics/matrix.rs", "use sprs::CsMat;");
    refused("numerics/operator.rs", "use sprs::CsMat;", "`sprs` belongs to numerics/matrix");
    refused("output/mod.rs", "use clap::Parser;", "`clap` belongs to cli/");
    refused("output/mod.rs", "println!(\"x\");", "`println!` belongs to cli/");
    refused("case/reader.rs", "std::process::exit(2)", "`process::exit` belongs to cli/");
    refused("ground/units.rs", "unsafe { f() }", "`unsafe` belongs to ground/par.rs");
    refused("ground/par.rs", "static mut N: u8 = 0;", "`static mut` is not used");
    refused("cli/run.rs", "todo!()", "`todo!` is not used");
    accepted("case/reader.rs", "// println! and clap\nlet s = \"rayon\"; let unsafe_name = 'x';");
}

#[test]
fn a_panic_within_reach_of_user_input_is_refused() {
    for text in ["x.unwrap();", "x.expect(\"y\");", "panic!(\"y\")", "unreachable!()"] {
        for path in ["case/reader.rs", "output/mod.rs", "cli/run.rs"] {
            refused(path, text, "may panic");
        }
        accepted("numerics/operator.rs", text);
    }
    accepted(
        "case/reader.rs",
        "x.unwrap_or(1); #[derive(x)]\n#[cfg(test)]\nmod tests {\n x.unwrap();\n}",
    );
    refused("case/reader.rs", "#[cfg(test)]\nmod tests {\n}\nfn f() { x.unwrap(); }", "rs:4:");
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let long = "fn f() {}\n".repeat(LONGEST);
    accepted("ground/units.rs", &long);
    accepted(
        "ground/units.rs",
        &format!("{long}#[cfg(test)]\nmod tests {{\n    fn g() {{}}\n}}\n"),
    );
    refused("ground/units.rs", &format!("{long}fn g() {{}}\n"), "601 lines");
}

#[test]
fn strings_and_comments_are_no_code() {
    let text =
        "a /* b /* c */ d */ e // f\n\"g \\\" h\" i r#\"j \" k\"# l '\"' m 'n' o<'p> '\\'' q";
    let left: Vec<String> = code_only(text).split_whitespace().map(String::from).collect();
    assert_eq!(left, ["a", "e", "i", "l", "m", "o<'p>", "q"]);
}
