//! `blastema schema`: the JSON Schema takes every shipped case, as an editor would, and refuses
//! what the case reader refuses by form. The keywords of draft 2020-12 that it uses are read here
//! by their definitions there.

use std::path::Path;

use serde_json::{Value, json};

/// What is wrong with a value, first fault first.
fn fault(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let wrong = |what: &str| Some(format!("{at}: {what}"));
    for (keyword, rule) in schema.as_object().expect("an object") {
        let number = |holds: fn(f64, f64) -> bool| {
            value.as_f64().is_none_or(|v| holds(v, rule.as_f64().expect("a number")))
        };
        let size = |of: Option<usize>, holds: fn(u64, u64) -> bool| {
            of.is_none_or(|n| holds(n as u64, rule.as_u64().expect("a count")))
        };
        let items = value.as_array().map(Vec::len);
        let entries = value.as_object().map(serde_json::Map::len);
        let holds = match keyword.as_str() {
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|k| is(value, k)),
                kind => is(value, kind),
            },
            "enum" => rule.as_array().expect("a list").contains(value),
            "minimum" => number(|v, r| v >= r),
            "exclusiveMinimum" => number(|v, r| v > r),
            "maximum" => number(|v, r| v <= r),
            "minItems" => size(items, |n, r| n >= r),
            "maxItems" => size(items, |n, r| n <= r),
            "minProperties" => size(entries, |n, r| n >= r),
            "maxProperties" => size(entries, |n, r| n <= r),
            "required" => value.as_object().is_none_or(|o| {
                rule.as_array().expect("a list").iter().all(|k| o.contains_key(k.as_str().unwrap()))
            }),
            "anyOf" => {
                rule.as_array().expect("a list").iter().any(|s| fault(s, value, at).is_none())
            }
            "items" => {
                let mut inner = value.as_array().into_iter().flatten();
                if let Some(f) = inner.find_map(|v| fault(rule, v, at)) {
                    return Some(f);
                }
                true
            }
            "prefixItems" => {
                let pairs = rule.as_array().into_iter().flatten();
                let mut pairs = pairs.zip(value.as_array().into_iter().flatten());
                if let Some(f) = pairs.find_map(|(s, v)| fault(s, v, at)) {
                    return Some(f);
                }
                true
            }
            "additionalProperties" => {
                for (key, v) in value.as_object().into_iter().flatten() {
                    let own = schema["properties"].get(key);
                    let f = match own.unwrap_or(rule) {
                        Value::Bool(false) => wrong(&format!("unknown key {key}")),
                        s => fault(s, v, &format!("{at}.{key}")),
                    };
                    if f.is_some() {
                        return f;
                    }
                }
                true
            }
            // Patterns only mark a percentage; "properties" are read above, with the others.
            "pattern" => value.as_str().is_none_or(|s| s.trim_end().ends_with('%')),
            "properties" => schema.get("additionalProperties").is_some(),
            "$schema" | "title" | "description" | "examples" | "default" => true,
            other => panic!("{at}: {other} is unknown here"),
        };
        if !holds {
            return wrong(&format!("{keyword} {rule}"));
        }
    }
    None
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("{other} is no type"),
    }
}

fn schema() -> Value {
    let done = assert_cmd::Command::cargo_bin("blastema").unwrap().arg("schema").output().unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}

fn case(path: &Path) -> Value {
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_schema_takes_every_shipped_case() {
    let schema = schema();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut looked = 0;
    for folder in [root.clone(), root.join("verification"), root.join("templates")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                assert_eq!(fault(&schema, &case(&path), ""), None, "{}", path.display());
                looked += 1;
            }
        }
    }
    assert!(looked > 10, "{looked} cases");
}

#[test]
fn the_schema_refuses_what_has_not_the_form() {
    let schema = schema();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let good = case(&root.join("01-first-culture.toml"));
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        fault(&schema, &bad, "").unwrap_or_default()
    };
    assert!(refused(&|c| c["sollutes"] = json!({})).contains("unknown key sollutes"));
    assert!(refused(&|c| c["domain"]["voxels"] = json!("many")).contains("domain.voxels"));
    assert!(refused(&|c| c["domain"]["voxels"] = json!([0])).contains("minimum"));
    assert!(refused(&|c| c["run"]["duration"] = json!(true)).contains("run.duration"));
}
