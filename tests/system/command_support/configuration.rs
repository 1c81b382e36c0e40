//! Every way in which a configuration can be wrong: one clear answer with the place, exit 2, and nothing written.

use super::logs::watching;
use super::world::World;
use std::fs;
use std::path::Path;

fn golden() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/system/golden");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// The golden texts are what people read. `SENTINEL_GOLDEN=write` writes them anew, to be read by a person.
#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/system/golden");
    let names = golden();
    assert!(names.len() > 20, "{names:?}");
    let mut differ = Vec::new();
    for name in names {
        let world = World::new();
        fs::copy(folder.join(format!("{name}.yaml")), world.path("sentinel.yaml")).unwrap();
        world.write("broken.json", "{\"tlogs\": 5}");
        let ran = world.run(&["check"]).ends(2);
        assert_eq!(ran.out, "", "{name}");
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("SENTINEL_GOLDEN").is_some() {
            fs::write(&file, &ran.err).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != ran.err {
            differ.push(format!("--- {name}\n{}", ran.err));
        }
        // Whoever reads the configuration says the same.
        for command in [
            &["run", "--json"][..],
            &["verify"],
            &["scan", "--log", "a", "--from", "0", "--to", "1"],
        ] {
            let again = world.run(command).ends(2);
            assert_eq!((again.out.as_str(), &again.err), ("", &ran.err), "{name}: {command:?}");
        }
        assert!(
            !world.path("sentinel-store").exists(),
            "{name}: a broken configuration makes no store"
        );
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[track_caller]
fn refuses(bytes: impl AsRef<[u8]>, words: &[&str]) {
    let world = World::new();
    let commands: &[&str] = if bytes.as_ref().len() < 1_000 {
        &["check", "run", "verify"]
    } else {
        &["run"]
    };
    world.write("sentinel.yaml", bytes);
    for command in commands {
        let ran = world.run(&[command]).ends(2).complains(words);
        assert_eq!(ran.out, "");
        assert!(ran.err.len() < 20_000, "{} bytes were said", ran.err.len());
    }
    assert!(!world.path("sentinel-store").exists());
}

#[test]
fn what_is_no_text_is_refused() {
    refuses(b"schema: 1\nrules: \xff\xfe\n", &["./sentinel.yaml:2: not UTF-8 text"]);
    refuses([0; 64], &["./sentinel.yaml:1:1: error: "]);
    refuses(b"\x7fELF\x02\x01\x01\0\0\0", &["./sentinel.yaml:1:1: error: "]);
    refuses(
        "schema: 1\n#".to_owned() + &"x".repeat(33 << 20),
        &["./sentinel.yaml: longer than the 33554432 bytes"],
    );
    refuses("[".repeat(100_000), &["error: "]);
    refuses(
        "schema: 1\n".to_owned() + &"wrong: 1\n".repeat(50_000),
        &["`wrong` stands here twice"],
    );
    let keys: String = (0..50_000).map(|number| format!("wrong{number}: 1\n")).collect();
    refuses("schema: 1\n".to_owned() + &keys, &["unknown key `wrong0`"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let world = World::new();
    fs::create_dir(world.path("sentinel.yaml")).unwrap();
    for command in ["check", "run", "verify"] {
        world
            .run(&[command])
            .ends(2)
            .complains(&["./sentinel.yaml: cannot be read"]);
        world
            .run(&[command, "--config", "absent.yaml"])
            .ends(2)
            .complains(&["absent.yaml: there is no such file"]);
    }
    assert!(!world.path("sentinel-store").exists());
}

#[test]
fn without_a_configuration_verify_knows_the_public_logs_and_run_says_what_to_do() {
    let (world, _) = watching(5);
    world.run(&["run"]).ends(0);
    fs::remove_file(world.path("sentinel.yaml")).unwrap();
    world
        .run(&["verify"])
        .ends(0)
        .says(&["note: the configuration does not know the log one.example"]);
    let empty = World::new();
    let ran = empty
        .run(&["run"])
        .ends(2)
        .complains(&["./sentinel.yaml: there is no such file", "rekor-sentinel init"]);
    assert_eq!(ran.out, "");
}
