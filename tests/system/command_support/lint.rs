//! `check` as a linter, and its rules asked of what was recorded.

use super::logs::{FileLog, US, watching};
use super::world::World;
use std::fs;
use std::path::Path;
use testlog::certificate::Identity;

/// The golden texts are what people read. `SENTINEL_GOLDEN=write` writes them anew, to be read by a person.
#[test]
fn what_is_not_meant_is_said_with_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/system/golden/lint");
    let mut differ = Vec::new();
    for (name, warns) in [
        ("patterns", true),
        ("rules", true),
        ("strangers", true),
        ("values", true),
        ("notes", false),
        ("documented", false),
        ("sound", false),
    ] {
        let world = World::new();
        fs::copy(folder.join(format!("{name}.yaml")), world.path("sentinel.yaml")).unwrap();
        let ran = world.run(&["check"]).ends(0);
        assert_eq!(ran.err, "", "{name}");
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("SENTINEL_GOLDEN").is_some() {
            fs::write(&file, &ran.out).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != ran.out {
            differ.push(format!("--- {name}\n{}", ran.out));
        }
        let strict = world.run(&["check", "--strict"]).ends(if warns { 2 } else { 0 });
        assert_eq!(strict.out, ran.out, "{name}");
        assert!(!world.path("sentinel-store").exists());
        // The lint refuses nothing.
        world.run(&["run"]).ends(0);
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn without_a_rule_strict_fails() {
    let world = World::new();
    world.configure(&[], "rules: []\n");
    world.run(&["check"]).ends(0).says(&["warning: there is no rule"]);
    world.run(&["check", "--strict"]).ends(2);
}

#[test]
fn the_schema_for_editors_is_the_one_that_is_documented() {
    let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sentinel.schema.json");
    let world = World::new();
    // Also where there is a configuration that is broken.
    world.configure(&[], "rules: 7\n");
    let ran = world.run(&["check", "--schema"]).ends(0);
    assert_eq!(ran.out, fs::read_to_string(documented).unwrap());
    world.run(&["check", "--schema", "--strict"]).ends(2);
}

const ACTIONS: &str = "https://token.actions.githubusercontent.com";

const RULES: &str = r#"rules:
  - name: ours
    match: {san: us@example.com, issuer: "https://accounts.example.org"}
  - name: release
    match: {san: "glob:https://github.com/acme/widgets/.github/workflows/release.yml@refs/tags/**"}
    allow: [{san: "suffix:@refs/tags/v2"}]
"#;

/// A world whose record has findings of a rule that finds everybody.
fn recorded() -> World {
    let world = World::new();
    let mut log = FileLog::new("one", "one.example");
    log.signed_by(US);
    log.signed(&Identity::email(US, "https://accounts.example.net"));
    log.signed_by("us@examp1e.com");
    let workflow = |owner: &str, file: &str, tag: &str| {
        let san = format!("https://github.com/{owner}/widgets/.github/workflows/{file}@refs/tags/{tag}");
        Identity::uri(&san, ACTIONS)
    };
    log.signed(&workflow("acme", "release.yml", "v1"));
    log.signed(&workflow("acme", "release.yml", "v2"));
    log.signed(&workflow("acme", "other.yml", "v2"));
    log.signed(&workflow("acrne", "release.yml", "v2"));
    log.signed_by("somebody@elsewhere.example");
    log.serve(&world);
    world.configure(
        &[log.item(&world)],
        "rules: [{name: all, match: {san: \"glob:**\"}}, {name: us, match: {san: us@example.com}}]\n",
    );
    world.run(&["run"]).ends(0);
    world.configure(&[log.item(&world)], RULES);
    world
}

const REPLAYED: [&str; 9] = [
    ": 8 different entries\n",
    "matched    ours: 1, 0 of them allowed, nearly 2\n           one.example 0: us@example.com, https://accounts.example.org\n",
    "    nearly one.example 1: the same but for the issuer: https://accounts.example.net\n",
    "    nearly one.example 2: `examp1e.com` looks like `example.com`: us@examp1e.com\n",
    "matched    release: 2, 1 of them allowed, nearly 2\n",
    "release.yml@refs/tags/v1, https://token.actions.githubusercontent.com\n",
    "release.yml@refs/tags/v2, https://token.actions.githubusercontent.com (allowed)\n",
    "    nearly one.example 5: the same repository, and another workflow: https://github.com/acme/widgets/.github/workflows/other.yml@refs/tags/v2\n",
    "    nearly one.example 6: `acrne` looks like `acme`: https://github.com/acrne/widgets/.github/workflows/release.yml@refs/tags/v2\n",
];

#[test]
fn the_rules_are_asked_of_a_record() {
    let world = recorded();
    let before = world.snapshot("sentinel-store");
    world
        .run(&["check", "--against", "sentinel-store"])
        .ends(0)
        .says(&REPLAYED);
    assert_eq!(world.snapshot("sentinel-store"), before);
}

#[test]
fn the_rules_are_asked_of_a_file() {
    let world = recorded();
    let everybody =
        "schema: 1\ntrust: {trusted_root: trusted_root.json}\nrules: [{name: all, match: {san: \"glob:**\"}}]\n";
    let logs = world.read("sentinel.yaml");
    let logs = logs
        .split("rules:")
        .next()
        .unwrap()
        .split_once("logs:")
        .unwrap()
        .1
        .to_owned();
    world.write("all.yaml", format!("{everybody}logs:{logs}"));
    let scan = [
        "scan", "--config", "all.yaml", "--log", "one", "--from", "0", "--to", "8", "--json",
    ];
    let scanned = world.run(&scan).ends(0).out;
    world.write("scanned.jsonl", &scanned);
    world
        .run(&["check", "--against", "scanned.jsonl"])
        .ends(0)
        .says(&REPLAYED);

    // Leaves as they stand, bodies as a Rekor server gives them, and what is neither.
    let line: serde_json::Value = serde_json::from_str(scanned.lines().next().unwrap()).unwrap();
    let leaf = line["leaf"].as_str().unwrap();
    use base64::Engine as _;
    let plain = base64::engine::general_purpose::STANDARD.decode(leaf).unwrap();
    let plain = String::from_utf8(plain).unwrap();
    let answer = format!("[{{\"24296fb2\": {{\"body\": \"{leaf}\", \"logIndex\": 7}}}}]");
    world.write("mixed.jsonl", format!("{plain}\n{answer}\nnonsense\n{{}}\n"));
    world.run(&["check", "--against", "mixed.jsonl"]).ends(0).says(&[
        "replayed   mixed.jsonl: 1 different entries, 2 that hold no entry or none that can be read",
        "matched    ours: 1, 0 of them allowed\n           us@example.com, https://accounts.example.org\n",
    ]);
    world
        .run(&["check", "--against", "absent"])
        .ends(30)
        .complains(&["absent cannot be read"]);
    // Nothing to ask is not the same as nothing found.
    world.write("empty.jsonl", "");
    world.write("garbage.jsonl", "nonsense\n{}\n");
    fs::create_dir(world.path("folder")).unwrap();
    for given in ["empty.jsonl", "garbage.jsonl", "folder"] {
        world
            .run(&["check", "--against", given])
            .ends(30)
            .complains(&["holds no entry that can be read: nothing was replayed"]);
    }
}

#[test]
fn a_stored_configuration_is_linted_where_it_stands() {
    let (world, _) = watching(1);
    world.run(&["config", "put"]).ends(0);
    fs::remove_file(world.path("sentinel.yaml")).unwrap();
    let ran = world.run(&["check"]).ends(0);
    assert!(!ran.out.contains("warning"), "{}", ran.out);
}

#[test]
fn a_log_that_nobody_watches_is_named() {
    let world = World::new();
    let log = FileLog::of(&world, "one", 1);
    let check = |name: &str| {
        let rules = format!("rules: [{{name: a, match: {{san: us@example.com}}, only: {{logs: {name:?}}}}}]\n");
        world.configure(&[log.item(&world)], &rules);
        world.run(&["check"]).ends(0)
    };
    check("one").says(&[
        "warning[unknown-log]: no log that is watched is called `one`",
        "write `prefix:one`",
    ]);
    check("ome.example").says(&["warning[unknown-log]", "did you mean `one.example`?"]);
    check("glob:two.*").says(&["note[unknown-log]: no log that is watched is called `glob:two.*`"]);
    for name in ["one.example", "prefix:one", "glob:*.example"] {
        assert!(!check(name).out.contains("unknown-log"), "{name}");
    }
    // The shards of a server have its name and more.
    let shards = |name: &str| {
        world.write(
            "sentinel.yaml",
            format!("schema: 1\nrules: [{{name: a, match: {{san: us@example.com, log: {name:?}}}}}]\n"),
        );
        world.run(&["check"]).ends(0)
    };
    shards("rekor.sigstore.dev").says(&[
        "the logs of that server are its shards",
        "write `prefix:rekor.sigstore.dev - ` for all of them",
    ]);
    for name in [
        "rekor.sigstore.dev - 1193050959916656506",
        "prefix:rekor.sigstore.dev",
        "log2025-1.rekor.sigstore.dev",
    ] {
        assert!(!shards(name).out.contains("unknown-log"), "{name}");
    }
}

#[test]
fn numbers_are_quoted_as_they_are_written() {
    let world = World::new();
    world.configure(
        &[],
        "rules: [{name: a, match: {san: [0123, 1.10, 1e3, 0x10, +5]}}, {name: b, severity: 3, match: {san: a@b.c}}]\n",
    );
    let ran = world.run(&["check"]).ends(2);
    for text in ["0123", "1.10", "1e3", "0x10", "+5"] {
        let help = format!("did you mean `\"{text}\"`?");
        assert!(ran.err.contains(&help), "{help}\n{}", ran.err);
    }
    assert!(!ran.err.contains("`\"3\"`"), "{}", ran.err);
    ran.complains(&["`3` is no severity; there are info"]);
    for (text, place, help) in [
        (
            "san: *@example.com",
            ":4:32: error",
            "a text that begins with `*` or `&` stands in quotes",
        ),
        ("san: !tag me@example.com", ":4:32: error", "leave it out"),
    ] {
        world.configure(&[], &format!("rules: [{{name: a, match: {{{text}}}}}]\n"));
        world.run(&["check"]).ends(2).complains(&[place, help]);
    }
}
