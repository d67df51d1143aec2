//! One case from several texts: `extend`, `--set` and the library.

use super::shape::{Shape, Table};
use super::tree::{self, Data, Node};

/// How an overriding law meets the law below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Laws {
    /// It replaces the whole table.
    Replace,
    /// Parameters of the same law are overridden one by one (`--set`).
    SameLaw,
}

/// `over` on top of `base`; each value keeps its own place.
pub(super) fn merge(base: Node, over: Node, shape: Option<&Shape>, laws: Laws) -> Node {
    let (Data::Table(_), Data::Table(_)) = (&base.data, &over.data) else { return over };
    if let Some(Shape::OneOf(choice)) = shape {
        let same = matches!((&base.data, &over.data), (Data::Table(a), Data::Table(b))
            if a.len() == 1 && b.len() == 1 && a[0].0.name == b[0].0.name);
        if laws == Laws::Replace || !same {
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
    laws: Laws,
    shape: impl Fn(&str) -> Option<&'a Shape>,
) -> Node {
    let (Data::Table(mut out), Data::Table(over_table)) = (base.data, over.data) else {
        return Node { place: over.place, data: Data::Table(tree::Table::new()) };
    };
    for (key, value) in over_table {
        match out.iter_mut().find(|e| e.0.name == key.name) {
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

    fn merged(base: &str, over: &str, laws: Laws) -> Node {
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
    fn rivals_give_way_and_the_rest_is_deep() {
        let base = "title = 'a'\n[solutes.o]\ndiffusivity = '1'\ninitial = '2'";
        let m = merged(base, "solutes.o.diffusivity_in_scaffold = '3'", Laws::Replace);
        let o = m.at(&["solutes", "o"]).unwrap();
        assert!(o.get("diffusivity").is_none() && o.get("initial").is_some());
        assert_eq!(m.get("title").unwrap().text(), Some("a"));
    }
}
