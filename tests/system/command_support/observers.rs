//! Witness policies and views of a configuration, and evidence checked by itself.

use super::logs::{FileLog, RULES, watching};
use super::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use testlog::SigningKey;

/// The evidence that a pass over a fork of so many entries leaves.
fn evidence(world: &World, log: &mut FileLog, at: u64, more: u64) -> PathBuf {
    world.run(&["run"]).ends(0);
    log.fork(at, more);
    log.serve(world);
    world.run(&["run"]).ends(40);
    let folder = world.path(&format!("sentinel-store/audit/{}/evidence", log.origin()));
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.next().unwrap()
}

fn check(world: &World, file: &Path, code: i32) -> String {
    let ran = world.run(&["verify", "--evidence", file.to_str().unwrap()]).ends(code);
    ran.out + &ran.err
}

#[test]
fn evidence_convinces_by_itself() {
    for (at, more, shows) in [
        (7, 13, "size 20"),
        (0, 20, "size 20"),
        (19, 30, "excludes"),
        (3, 5, "excludes"),
    ] {
        let (world, mut log) = watching(1);
        world.run(&["run"]).ends(0);
        log.others(6);
        log.serve(&world);
        world.run(&["run"]).ends(0);
        log.others(13);
        log.serve(&world);
        let file = evidence(&world, &mut log, at, more);
        let said = check(&world, &file, 0);
        assert!(
            said.contains(shows) && said.contains("signed by a key of the log"),
            "{said}"
        );
        // Nothing of the record is needed, and a log that nobody here knows is said to be one.
        fs::copy(&file, world.path("evidence.json")).unwrap();
        fs::remove_dir_all(world.path("sentinel-store")).unwrap();
        check(&world, Path::new("evidence.json"), 0);
        world.configure(&[], RULES);
        assert!(
            check(&world, Path::new("evidence.json"), 0).contains("neither the configuration nor the trusted root")
        );
        in_python(&world, "evidence.json", shows);
        // What stands in it alone says as much; changed, it says nothing.
        let record: Value = serde_json::from_str(&world.read("evidence.json")).unwrap();
        let bare = record["body"]["evidence"].clone();
        world.write("bare.json", bare.to_string());
        check(&world, Path::new("bare.json"), 0);
        for (field, value) in [
            ("origin", Value::from("other.example")),
            ("first", bare["second"].clone()),
        ] {
            let mut changed = bare.clone();
            changed[field] = value;
            world.write("changed.json", changed.to_string());
            assert!(check(&world, Path::new("changed.json"), 1).contains("does not convince"));
        }
    }
}

#[test]
fn what_is_no_evidence_does_not_convince() {
    let (world, mut log) = watching(20);
    let file = evidence(&world, &mut log, 7, 13);
    // Another key than that of the log: anybody can make such evidence.
    let other = FileLog::of(&world, "two", 5);
    let item = log.item(&world).replace(&log.tree.vkey(), &other.tree.vkey());
    let item = item.replace("from: 0", &format!("from: 0, origin: {}", log.origin()));
    world.configure(&[item], RULES);
    assert!(check(&world, &file, 1).contains("which is none of one.example"));
    world.write("web.html", "<html>");
    assert!(check(&world, Path::new("web.html"), 1).contains("it is no evidence"));
    check(&world, Path::new("absent.json"), 30);
}

/// Evidence against a log of this name, as anybody can make it with a key of their own.
fn forged(origin: &str) -> String {
    let name = origin.split(" - ").next().unwrap();
    let key = SigningKey::ed25519(&[3; 32]);
    let note = |root: &str| {
        let text = format!("{origin}\n5\n{}\n", tlog::Hash::of(root.as_bytes()).to_base64());
        let mut signature = key.key_id(name).to_vec();
        signature.extend(key.sign(text.as_bytes()));
        format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(signature))
    };
    let (first, second) = (note("one"), note("another"));
    json!({"origin": origin, "keys": [key.vkey(name)], "first": first, "second": second, "proof": null}).to_string()
}

#[test]
fn evidence_against_a_public_log_must_be_signed_by_its_keys() {
    for name in [
        "log2025-1.rekor.sigstore.dev",
        "rekor.sigstore.dev",
        "rekor.sigstore.dev - 1193050959916656506",
        "ctfe.sigstore.dev/2022",
    ] {
        for configured in [true, false] {
            let world = World::new();
            if configured {
                world.write("sentinel.yaml", format!("schema: 1\n{RULES}"));
            }
            world.write("forged.json", forged(name));
            let said = check(&world, Path::new("forged.json"), 1);
            assert!(said.contains(&format!("which is none of {name}")), "{said}");
        }
    }
    // Of a log that nobody here knows no more can be said than that.
    let world = World::new();
    world.write("forged.json", forged("unknown.example"));
    assert!(check(&world, Path::new("forged.json"), 0).contains("whoever knows that these are the log's keys"));
}

#[test]
fn evidence_of_a_newer_schema_is_not_guessed_at() {
    let (world, mut log) = watching(20);
    let file = evidence(&world, &mut log, 7, 13);
    let mut record: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    record["schema"] = json!(2);
    world.write("newer.json", record.to_string());
    assert!(check(&world, Path::new("newer.json"), 1).contains("a newer schema"));
    record["schema"] = json!(1);
    record["body"]["evidence"]["first"] = json!(7);
    world.write("broken.json", record.to_string());
    assert!(check(&world, Path::new("broken.json"), 1).contains("invalid type: integer `7`"));
}

/// The program of docs/evidence.md, where there is a Python with the package that it needs.
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
fn in_python(world: &World, file: &str, shows: &str) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/evidence.md")).unwrap();
    let program = text.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    if !python(&["-c", "import cryptography"]).is_ok_and(|ran| ran.status.success()) {
        eprintln!("no Python with the package cryptography here: the program of docs/evidence.md was not run");
        return;
    }
    let file = world.path(file);
    let ran = python(&["-c", program, file.to_str().unwrap()]).unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    let word = if shows == "excludes" {
        "excludes"
    } else {
        "two roots for the size 20"
    };
    assert!(ran.status.success() && out.contains(word), "{out}{err}");
    let changed = fs::read_to_string(&file).unwrap();
    let changed = changed
        .replacen("\\n20\\n", "\\n21\\n", 1)
        .replacen("\\n8\\n", "\\n9\\n", 1);
    world.write("changed.json", changed);
    let ran = python(&["-c", program, world.path("changed.json").to_str().unwrap()]).unwrap();
    assert!(!ran.status.success());
}

#[test]
fn a_policy_stands_in_its_file_and_goes_into_the_store_with_the_configuration() {
    let (world, log) = watching(20);
    let key = testlog::SigningKey::ed25519(&[1; 32])
        .cosigner_vkey("w.example")
        .unwrap();
    let views = format!(
        "views: [{{name: mirror, kind: folder, log: one, url: \"file://{}\"}}]\n",
        world.path("one").display()
    );
    let with = |policy: &str| format!("witness_policy: {policy}\n{views}limits: {{unproven_after: 0s}}\n{RULES}");
    world.configure(&[log.item(&world)], &with("policy.txt"));
    world.run(&["run"]).ends(2).complains(&["policy.txt cannot be read"]);
    world.write("policy.txt", format!("witness A {key}\nquorum B\n"));
    world
        .run(&["run"])
        .ends(2)
        .complains(&["sentinel.yaml:", "policy.txt:2:8: no line before this one defines `B`"]);
    assert!(
        !world.path("sentinel-store").exists(),
        "refused before anything is asked or made"
    );
    let other = FileLog::new("two", "two.example").tree.vkey();
    world.write("policy.txt", format!("log {other}\nwitness A {key}\nquorum A\n"));
    let elsewhere = "the policy names logs, and none of them is watched";
    world.run(&["check"]).ends(2).complains(&["sentinel.yaml:", elsewhere]);
    world.write("policy.txt", format!("witness A {key}\nquorum A\n"));
    let ran = world.run(&["check"]).ends(0);
    ran.says(&["witnessed  one.example  (quorum A)", "view       mirror  (folder, "]);
    let ran = world.run(&["run"]).ends(20);
    assert!(
        ran.out.contains("0 of 1 witnesses seen, the quorum `A` unmet for"),
        "{}",
        ran.out
    );
    world.configure(&[log.item(&world)], &with("{file: policy.txt, unmet: refuse}"));
    world.run(&["run"]).ends(35);
    world.run(&["config", "put"]).ends(0).says(&["config/policy.txt"]);
    assert_eq!(world.read("sentinel-store/config/policy.txt"), world.read("policy.txt"));
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_bucket_is_no_view_of_a_command_that_was_built_without_aws() {
    let (world, log) = watching(20);
    let view =
        |kind: &str| format!("views: [{{name: other, kind: {kind}, url: \"s3://bucket/folder\", log: one}}]\n{RULES}");
    world.configure(&[log.item(&world)], &view("sentinel"));
    let words = ["sentinel.yaml:", "built without AWS", "--features aws"];
    world.run(&["check"]).ends(2).complains(&words);
    world.configure(&[log.item(&world)], &view("folder"));
    world.run(&["check"]).ends(2).complains(&["must begin with http://"]);
}
