//! The house is what its map says: pure crates are pure, arrows run one way, modules stand in reading order.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod house;

use house::files::{below, root, shown};
use house::lexer;
use house::modules::{Crate, Module};
use house::packages::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

/// What does no I/O and reads no clock.
const PURE: [&str; 5] = [
    "sentinel-tlog",
    "sentinel-sigstore",
    "sentinel-rules",
    "sentinel-alerts",
    "sentinel-testlog",
];

/// The rows of the house, from the ground up: a member may depend on members of lower rows alone.
const ROWS: [&[&str]; 8] = [
    &["sentinel-tlog", "crc-fast"],
    &["sentinel-sigstore"],
    &["sentinel-testlog", "sentinel-rules"],
    &["sentinel-alerts"],
    &["sentinel-pass"],
    &["sentinel-sources", "sentinel-local", "sentinel-aws"],
    &["rekor-sentinel", "sentinel-monitor"],
    &["sentinel-tests"],
];

/// Crates that reach the network, the file system, the clock or the system's randomness, whole or by their first part.
const IO_CRATES: [&str; 24] = [
    "async-std",
    "attohttpc",
    "chrono",
    "crossbeam-channel",
    "curl",
    "fastrand",
    "getrandom",
    "h2",
    "hyper",
    "isahc",
    "mio",
    "native-tls",
    "notify",
    "polling",
    "quinn",
    "rand",
    "reqwest",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "tokio",
    "ureq",
];
const IO_FAMILIES: [&str; 8] = [
    "aws-", "hyper-", "lambda", "openssl", "rustls-", "tokio-", "wasi", "windows",
];

/// What pure sources do not name of the standard library.
const IMPURE: [&[&str]; 9] = [
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "os"],
    &["std", "io", "stdin"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
];

/// How long a file may be. About 300 lines is meant.
const MAX_LINES: usize = 500;

fn row(member: &str) -> usize {
    let row = ROWS.iter().position(|row| row.contains(&member));
    row.unwrap_or_else(|| panic!("{member} has no place in the house: give it a row here and in the map"))
}

fn is_io(name: &str) -> bool {
    IO_CRATES.contains(&name) || IO_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The root files of a member: its library and its programs.
fn roots(workspace: &Workspace, member: &str) -> Vec<PathBuf> {
    let targets = workspace.targets(member).into_iter();
    let roots = targets.filter(|(kind, _, _)| matches!(kind.as_str(), "lib" | "bin"));
    roots.map(|(_, _, file)| file).collect()
}

#[test]
fn pure_crates_reach_no_io() {
    let workspace = Workspace::read();
    for member in PURE {
        let reached: Vec<String> = workspace.tree(member).into_iter().filter(|name| is_io(name)).collect();
        assert!(reached.is_empty(), "{member} reaches {reached:?}");
    }
    // The list knows I/O when it sees it.
    let reached = workspace
        .tree("sentinel-sources")
        .into_iter()
        .filter(|name| is_io(name))
        .count();
    assert!(reached >= 5, "the HTTP sources reach {reached} crates of the list");
}

#[test]
fn pure_sources_name_no_io() {
    let workspace = Workspace::read();
    for member in PURE {
        for file in below(&workspace.folder(member).join("src"), ".rs") {
            let found = impure(&fs::read_to_string(&file).unwrap());
            assert!(found.is_empty(), "{}: {found:?}", shown(&file));
        }
    }
}

/// What pure code must not name. Its unit tests may.
fn impure(source: &str) -> Vec<String> {
    let code = lexer::code(source);
    let named = lexer::paths(&code, "std").into_iter();
    let banned = |path: &Vec<String>| {
        let starts =
            |banned: &&[&str]| path.len() >= banned.len() && path.iter().zip(banned.iter()).all(|(a, b)| a == b);
        IMPURE.iter().any(starts) || path.last().is_some_and(|last| last == "*")
    };
    let mut found: Vec<String> = named.filter(banned).map(|path| path.join("::")).collect();
    let clocks = ["now_utc", "now_local", "SystemTime", "Instant"];
    let words = code.split(|letter| !lexer::is_word(letter));
    found.extend(words.filter(|word| clocks.contains(word)).map(str::to_owned));
    if code.contains("std as ") {
        found.push("std under another name".to_owned());
    }
    found
}

#[test]
fn what_is_impure_is_noticed() {
    for source in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::File};",
        "fn f() { let _ = ::std::env::var(\"A\"); }",
        "fn f() { std::process::exit(1) }",
        "use std::time::{Duration, SystemTime};",
        "use std::*;",
        "use std as other;",
        "fn f() { time::OffsetDateTime::now_utc(); }",
    ] {
        assert!(!impure(source).is_empty(), "{source}");
    }
    for source in [
        "use std::time::Duration;",
        "// std::fs\n/* std::net /* std::env */ std::env */",
        "const A: &str = \"std::fs::read\"; const B: &str = r#\"std::fs \" std::net\"#;",
        "fn f<'a>(a: &'a str) -> char { '\"' }\nuse std::fmt;",
        "use std::fmt;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}",
    ] {
        assert_eq!(impure(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn arrows_run_one_way() {
    let workspace = Workspace::read();
    let members = workspace.members();
    for member in &members {
        for below in workspace.direct(member).iter().filter(|name| members.contains(name)) {
            assert!(
                row(below) < row(member),
                "{member} depends on {below}, which does not stand below it"
            );
        }
    }
    for member in PURE.iter().filter(|member| **member != "sentinel-testlog") {
        let tree = workspace.tree(member);
        assert!(!tree.contains("sentinel-testlog"), "{member} is made of what tests it");
    }
}

#[test]
fn the_command_alone_is_built_by_default_and_without_aws() {
    let workspace = Workspace::read();
    assert_eq!(workspace.default_members(), ["rekor-sentinel"]);
    let tree = workspace.tree("rekor-sentinel");
    // aws-lc is the cryptography below rustls and speaks to nobody.
    let aws = |name: &&String| name.contains("aws") && !name.starts_with("aws-lc");
    assert_eq!(tree.iter().find(aws), None);
}

#[test]
fn modules_import_only_modules_above() {
    let workspace = Workspace::read();
    let (mut seen, mut backward) = (0, Vec::<house::modules::Backward>::new());
    for member in workspace.members() {
        for root in roots(&workspace, &member) {
            let read = Crate::read(&root);
            backward.extend(read.backward());
            for (path, module) in &read.modules {
                let glob = lexer::paths(&module.code, "crate")
                    .into_iter()
                    .find(|path| path.ends_with(&["*".to_owned()]));
                assert_eq!(glob, None, "{path:?}");
            }
            seen += read.modules.len();
        }
    }
    assert_eq!(
        backward,
        [],
        "modules stand in reading order and import only modules above"
    );
    assert!(seen > 100, "only {seen} modules were found");
}

/// A crate of a root and modules, as sources.
fn made(files: &[(&str, &str)]) -> Crate {
    let module = |(path, source): &(&str, &str)| {
        let path: Vec<String> = path
            .split("::")
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        let module = Module::parse(&path, Path::new("made.rs"), source);
        (path, module)
    };
    Crate {
        modules: files.iter().map(module).collect(),
    }
}

#[test]
fn an_import_from_below_is_noticed() {
    let check = |a: &str, b: &str, backward: usize| {
        let root =
            "mod a;\npub(crate) mod b;\npub use b::Thing;\npub use a::inner::{self, Deep as Renamed};\nstruct Own;";
        let files = [("", root), ("a", a), ("a::inner", ""), ("b", b)];
        assert_eq!(made(&files).backward().len(), backward, "{a:?} {b:?}");
    };
    let inner = "mod inner;";
    check(inner, "use crate::a::X;", 0);
    check(inner, "use super::a::{inner::Deep, X};", 0);
    check(inner, "use crate::Own;", 0);
    check("mod inner;\nuse inner::Deep;", "", 0);
    check("mod inner;\nuse crate::b::X;", "", 1);
    check("mod inner;\nuse super::b;", "", 1);
    check("mod inner;\nuse crate::{Own, b::{X, Y}};", "", 2);
    check("mod inner;\nfn f() { crate::b::f() }", "", 1);
    check("mod inner;\nuse crate::Thing;", "", 1);
    check("mod inner;\nfn f() -> super::Thing {}", "", 1);
    check("mod inner;\n// crate::b::X\nconst A: &str = \"crate::b::X\";", "", 0);
    check("mod inner;\n#[cfg(test)]\nmod tests {\n    use crate::b::X;\n}", "", 0);
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for folder in ["functions", "shared", "tests"] {
        for file in below(&root().join(folder), ".rs") {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > MAX_LINES {
                long.push(format!("{} has {lines} lines", shown(&file)));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_top_level_is_fixed() {
    let known = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "docs",
        "functions",
        "infra",
        "shared",
        "template.yaml",
        "tests",
    ];
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let is_ignored = |name: &str| ignored.lines().any(|line| line.trim_start_matches('/') == name);
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let fits = known.contains(&name.as_str()) || name.starts_with('.') || is_ignored(&name);
        assert!(fits, "{name} stands at the top");
    }
}

#[test]
fn every_target_has_its_file() {
    let workspace = Workspace::read();
    for member in workspace.members() {
        for (kind, name, file) in workspace.targets(&member) {
            assert!(
                file.exists(),
                "{member}: the {kind} {name} has no file {}",
                shown(&file)
            );
        }
    }
    // A file that no target names is a test that nobody runs.
    let targets: Vec<PathBuf> = workspace
        .members()
        .iter()
        .flat_map(|member| workspace.targets(member))
        .map(|(_, _, file)| fs::canonicalize(file).unwrap())
        .collect();
    for entry in fs::read_dir(root().join("tests/system")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "rs") {
            assert!(targets.contains(&file), "{} is nobody's target", shown(&file));
        }
    }
}

/// The commands of a text: lines in its code blocks that begin so, without a prompt.
fn commands(text: &str, program: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    let lines = blocks
        .flat_map(str::lines)
        .map(|line| line.trim().trim_start_matches("$ "));
    let of_program = lines.filter(|line| line.split_whitespace().next() == Some(program));
    of_program.map(str::to_owned).collect()
}

#[test]
fn what_the_readme_tells_cargo_to_do_exists() {
    let Ok(readme) = fs::read_to_string(root().join("README.md")) else {
        return;
    };
    let workspace = Workspace::read();
    let members = workspace.members();
    let targets: Vec<(String, String)> = members
        .iter()
        .flat_map(|member| workspace.targets(member))
        .map(|(kind, name, _)| (kind, name))
        .collect();
    for command in commands(&readme, "cargo") {
        let command = command.split(" #").next().unwrap_or_default();
        let words: Vec<&str> = command.split_whitespace().take_while(|word| *word != "--").collect();
        for pair in words.windows(2) {
            let (kind, named) = match *pair {
                ["-p" | "--package", name] => {
                    assert!(
                        members.contains(&name.to_owned()),
                        "`{command}` names the package {name}"
                    );
                    continue;
                }
                [flag @ ("--bench" | "--test" | "--bin" | "--example"), name] => (&flag[2..], name),
                _ => continue,
            };
            assert!(
                targets.contains(&(kind.to_owned(), named.to_owned())),
                "`{command}`: there is no {kind} {named}"
            );
        }
    }
}
