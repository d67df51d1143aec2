//! One case from several texts: `extend`, `--set` and the library.

use super::shape::{Shape, Table};
use super::source::Place;
use super::tree::{self, Data, Node};

/// How an overriding law meets the law below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Laws<'a> {
    /// It replaces the whole table.
    Replace,
    /// Parameters of the same law are overridden one by one (`--set`).
    SameLaw,
    /// The same where all its parameters are from these sources; else it replaces the whole table.
    SameLawOf(&'a [usize]),
}

impl Laws<'_> {
    /// True if `law` overrides the parameters of the same law one by one.
    fn inside(self, law: &Node) -> bool {
        match (self, &law.data) {
            (Laws::Replace, _) => false,
            (Laws::SameLaw, _) => true,
            (Laws::SameLawOf(sources), Data::Table(parameters)) => {
                parameters.iter().all(|p| sources.contains(&p.1.place.source))
            }
            (Laws::SameLawOf(sources), _) => sources.contains(&law.place.source),
        }
    }
}

/// Tables of `base`, which stands at `key`, that `over` empties: dotted key, and where it does so.
pub(super) fn emptied(base: &Node, over: &Node, key: &str) -> Vec<(String, Place)> {
    let (Data::Table(base), Data::Table(over)) = (&base.data, &over.data) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, over) in over {
        let Some((_, below)) = base.iter().find(|e| e.0.name == name.name) else { continue };
        let key = if key.is_empty() { name.name.clone() } else { format!("{key}.{}", name.name) };
        if empties(below, over) {
            found.push((key, over.place));
        } else {
            found.extend(emptied(below, over, &key));
        }
    }
    found
}

/// True for an empty table on top of one that is not.
fn empties(below: &Node, over: &Node) -> bool {
    matches!((&below.data, &over.data), (Data::Table(b), Data::Table(o)) if o.is_empty() && !b.is_empty())
}

/// `over` on top of `base`; each value keeps its own place. An empty table stands for what is below it.
pub(super) fn merge(base: Node, over: Node, shape: Option<&Shape>, laws: Laws<'_>) -> Node {
    let (Data::Table(_), Data::Table(_)) = (&base.data, &over.data) else { return over };
    if let Some(Shape::OneOf(choice)) = shape {
        let same = matches!((&base.data, &over.data), (Data::Table(a), Data::Table(b))
            if a.len() == 1 && b.len() == 1 && a[0].0.name == b[0].0.name && laws.inside(&b[0].1));
        if !same {
            return over;
        }
        return tables(base, over, laws, |name| {
            choice.keys.iter().find(|k| k.name == name).map(|k| &k.shape)
        });
    }
    match shape {
        Some(Shape::Table(table)) => {
            let base = without_rivals(base, &over, table);
            tables(base, over, laws, |name| {
                table.keys.iter().find(|k| k.name == name).map(|k| &k.shape)
            })
        }
        Some(Shape::Names { of, own, .. }) => {
            tables(base, over, laws, |name| Some(Shape::named(of, own, name)))
        }
        Some(_) => over,
        None => tables(base, over, laws, |_| None),
    }
}

fn tables<'a>(
    base: Node,
    over: Node,
    laws: Laws<'_>,
    shape: impl Fn(&str) -> Option<&'a Shape>,
) -> Node {
    let (Data::Table(mut out), Data::Table(over_table)) = (base.data, over.data) else {
        return Node { place: over.place, data: Data::Table(tree::Table::new()) };
    };
    for (key, value) in over_table {
        match out.iter_mut().find(|e| e.0.name == key.name) {
            Some(entry) if empties(&entry.1, &value) => *entry = (key, value),
            Some(entry) => {
                let below =
                    std::mem::replace(&mut entry.1, Node { place: key.place, data: Data::Date });
                entry.1 = merge(below, value, shape(&key.name), laws);
                entry.0 = key;
            }
            None => out.push((key, value)),
        }
    }
    Node { place: over.place, data: Data::Table(out) }
}

/// Keys of the base that exclude a key given on top give way.
fn without_rivals(base: Node, over: &Node, table: &Table) -> Node {
    let Data::Table(mut entries) = base.data else { return base };
    for group in &table.groups {
        if group.keys.iter().any(|k| over.get(k).is_some()) {
            entries.retain(|e| {
                !group.keys.contains(&e.0.name.as_str()) || over.get(&e.0.name).is_some()
            });
        }
    }
    Node { place: base.place, data: Data::Table(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::keys;

    fn merged(base: &str, over: &str, laws: Laws<'_>) -> Node {
        let read = |text, n| tree::parse(text, n).unwrap_or_else(|_| panic!("{text}"));
        merge(read(base, 0), read(over, 1), Some(&keys::case()), laws)
    }

    const LAW: &str = "cells.a.uptake.oxygen.michaelis-menten = { vmax = 'v', km = 'k' }";

    #[test]
    fn a_law_is_replaced_whole_and_set_reaches_inside() {
        let path = ["cells", "a", "uptake", "oxygen"];
        let m = merged(LAW, "cells.a.uptake.oxygen.hill = { half = 'h' }", Laws::Replace);
        let law = m.at(&path).unwrap();
        assert!(law.get("michaelis-menten").is_none() && law.get("hill").is_some());
        let over = "cells.a.uptake.oxygen.michaelis-menten.km = '8 uM'";
        let m = merged(LAW, over, Laws::Replace);
        assert!(m.at(&path).unwrap().at(&["michaelis-menten", "vmax"]).is_none());
        let m = merged(LAW, over, Laws::SameLaw);
        let law = m.at(&path).unwrap().get("michaelis-menten").unwrap();
        assert_eq!(law.get("vmax").unwrap().place.source, 0);
        assert_eq!(law.get("km").unwrap().place.source, 1);
    }

    #[test]
    fn parameters_from_some_sources_reach_inside() {
        let path = ["cells", "a", "uptake", "oxygen", "michaelis-menten"];
        let over = "cells.a.uptake.oxygen.michaelis-menten.km = '8 uM'";
        for (sources, whole) in [(&[1][..], true), (&[0, 2], false)] {
            let m = merged(LAW, over, Laws::SameLawOf(sources));
            assert_eq!(m.at(&path).unwrap().get("vmax").is_some(), whole);
        }
    }

    #[test]
    fn an_empty_table_takes_away_what_is_below() {
        let read = |text, n| tree::parse(text, n).unwrap_or_else(|_| panic!("{text}"));
        let base = "[cells.a]\ndeath.b.rate = '1'\ndeath.c.rate = '2'\nlysis.rate = '3'";
        for (over, key) in
            [("cells.a.death = {}", "cells.a.death"), ("[cells.a.death.b]", "cells.a.death.b")]
        {
            let told = emptied(&read(base, 0), &read(over, 1), "");
            assert_eq!(told.iter().map(|t| t.0.as_str()).collect::<Vec<_>>(), [key]);
        }
        let m = merged(base, "cells.a.death = {}", Laws::Replace);
        let a = m.at(&["cells", "a"]).unwrap();
        assert!(a.at(&["death", "b"]).is_none() && a.get("lysis").is_some());
        // Nothing is below it.
        assert!(emptied(&read(base, 0), &read("cells.a.growth = {}", 1), "").is_empty());
    }

    #[test]
    fn rivals_give_way_and_the_rest_is_deep() {
        let base = "title = 'a'\n[solutes.o]\ndiffusivity = '1'\ninitial = '2'";
        let m = merged(base, "solutes.o.diffusivity_in_scaffold = '3'", Laws::Replace);
        let o = m.at(&["solutes", "o"]).unwrap();
        assert!(o.get("diffusivity").is_none() && o.get("initial").is_some());
        assert_eq!(m.get("title").unwrap().text(), Some("a"));
    }
}
