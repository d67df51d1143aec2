//! The parameter sets: every value has a source, and the command shows them.

use assert_cmd::Command;
use blastema::ground::units;
use blastema::library::{Kind, entry, names, summary, values};

#[test]
fn every_value_has_a_source_and_every_source_a_value() {
    for kind in Kind::ALL {
        assert!(!names(kind).is_empty());
        for name in names(kind) {
            let table: toml::Table = entry(kind, name).unwrap().parse().expect(name);
            assert!(summary(kind, name).is_some_and(|s| s.len() > 5), "{name}: first line");
            let sources = table["sources"].as_table().expect(name);
            let values = values(kind, name);
            for v in &values {
                assert!(!v.source.is_empty(), "{name}: {} has no source", v.key);
                if let Some(text) =
                    v.value.as_str().filter(|t| t.starts_with(|c: char| c.is_ascii_digit()))
                {
                    let si = units::parse(text).unwrap_or_else(|e| panic!("{name}: {text}: {e:?}"));
                    assert!(si.value.is_finite() && si.value >= 0.0, "{name}: {text}");
                }
                assert!(
                    ["seen", "memory", "assumed"].contains(&v.confidence.as_str()),
                    "{name}: {} has confidence {:?}",
                    v.key,
                    v.confidence
                );
            }
            for (key, fields) in sources {
                assert!(values.iter().any(|v| &v.key == key), "{name}: source of {key}, not there");
                for field in fields.as_table().unwrap().keys() {
                    assert!(["source", "confidence", "note"].contains(&field.as_str()), "{field}");
                }
            }
            assert_eq!(values.len(), sources.len(), "{name}");
        }
    }
}

#[test]
fn sets_asked_for_are_there() {
    for (kind, wanted) in [
        (
            Kind::Cells,
            vec![
                "human-msc-bone-marrow",
                "chondrocyte-articular",
                "osteoblast",
                "fibroblast-dermal",
            ],
        ),
        (Kind::Solute, vec!["oxygen", "glucose", "lactate", "vegf", "sdf1", "bmp2", "tgfb1"]),
        (
            Kind::Material,
            vec![
                "collagen-sponge",
                "collagen-gel",
                "fibrin-gel",
                "alginate-gel",
                "gelma",
                "pcl-printed",
                "plga-foam",
                "ha-tcp-ceramic",
            ],
        ),
        (Kind::Medium, vec!["dmem-low-glucose", "dmem-high-glucose"]),
        (Kind::Plate, vec!["96-well", "48-well", "24-well", "12-well", "6-well"]),
    ] {
        for name in wanted {
            assert!(entry(kind, name).is_some(), "{name}");
        }
    }
    assert!(entry(Kind::Cells, "oxygen").is_none());
    assert!(values(Kind::Cells, "none").is_empty());
}

fn blastema(args: &[&str]) -> std::process::Output {
    Command::cargo_bin("blastema").unwrap().args(args).output().unwrap()
}

#[test]
fn the_command_shows_values_and_sources() {
    let out = blastema(&["library"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for kind in Kind::ALL {
        for name in names(kind) {
            assert!(text.contains(name), "{name}");
        }
    }
    let out = blastema(&["library", "human-msc-bone-marrow"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("98 fmol/cell/h") && text.contains("Pattappa 2011"), "{text}");
    let out = blastema(&["library", "oxygen", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json[0]["values"][0]["value"], "2.7e-9 m^2/s");
}

#[test]
fn an_unknown_name_gets_the_nearest() {
    let out = blastema(&["library", "colagen-spong"]);
    assert_eq!(out.status.code(), Some(2));
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(text.contains("collagen-sponge"), "{text}");
    assert_eq!(blastema(&["library", "zzzzzz"]).status.code(), Some(2));
}

#[test]
fn new_writes_each_template_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let new = |args: &[&str]| {
        Command::cargo_bin("blastema")
            .unwrap()
            .current_dir(&dir)
            .arg("new")
            .args(args)
            .output()
            .unwrap()
    };
    let list = String::from_utf8(new(&["--list"]).stdout).unwrap();
    let templates: Vec<&str> =
        list.lines().filter_map(|l| l.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(templates.len() >= 6, "{list}");
    for template in templates {
        assert_eq!(new(&[template, "--from", template]).status.code(), Some(0));
        let path = dir.path().join(format!("{template}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let table: toml::Table = text.parse().expect(template);
        assert!(table.contains_key("title") && table.contains_key("run"), "{template}");
        assert!(text.starts_with("# "), "{template}: says first what it is");
        // Neither overwritten nor emptied.
        assert_eq!(new(&[template, "--from", "well-plate"]).status.code(), Some(6));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let out = new(&["a", "--from", "wel-plate"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8(out.stderr).unwrap().contains("\"well-plate\""));
    assert_eq!(new(&["no/such/folder/a"]).status.code(), Some(4));
    assert_eq!(new(&[".."]).status.code(), Some(2));
    assert_eq!(new(&["b.toml"]).status.code(), Some(0));
    assert!(dir.path().join("b.toml").is_file());
}
