//! Whatever a log says, nothing that acts on a terminal or looks like a line of ours comes out raw.

use super::logs::{FileLog, watching};
use super::world::{NO_LOGS, Ran, World};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use testlog::certificate::Identity;
use testlog::{NoteSigner, note};

/// An escape sequence, a line of its own, a bell, a C1 control, marks that turn the line around, an invisible letter.
const NASTY: &str = "us@example.com\u{1b}[31mRED\u{1b}]0;title\u{7}\rDEFECT \nfindings: none\u{9b}2J\u{202e}gpj\u{2066}\u{200b}\u{7f}\u{85}";

/// What [`NASTY`] has and is printable in a note, whose lines hold no control characters.
const BIDI: &str = "log\u{202e}elpmaxe\u{2066}\u{200b}\u{feff}";

fn is_raw(letter: char) -> bool {
    let invisible =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    invisible || (letter.is_control() && letter != '\n')
}

#[track_caller]
fn is_tame(ran: &Ran) {
    for (stream, text) in [("out", &ran.out), ("err", &ran.err)] {
        let raw = text.char_indices().find(|(_, letter)| is_raw(*letter));
        assert_eq!(raw, None, "raw text in {stream}:\n{}", text.escape_debug());
        assert!(
            !text
                .lines()
                .any(|line| line == "findings: none" || line.starts_with("DEFECT ")),
            "{text}"
        );
    }
}

/// Every form of a pass and of what reads its record.
fn say_everything(world: &World, code: i32) {
    for args in [
        &[
            "run",
            "--json",
            "--store",
            "a",
            "--sink",
            "file:a.jsonl",
            "--sink",
            "console",
        ][..],
        &["run", "--store", "b"],
        &["scan", "--log", "one", "--from", "0", "--to", "3"],
        &["scan", "--log", "one", "--from", "0", "--to", "3", "--json", "--alert"],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
        is_tame(&ran);
    }
    assert!(!world.read("a.jsonl").chars().any(is_raw));
}

#[test]
fn names_in_certificates_come_out_escaped() {
    let (world, mut log) = watching(1);
    log.signed(&Identity::email(&format!("us{BIDI}@example.com"), &format!("https://{BIDI}")).with(5, BIDI));
    log.signed(&Identity::email(NASTY, NASTY).with(5, NASTY));
    log.signed(&Identity::user_name(BIDI, "https://issuer.example").with(9, NASTY));
    log.serve(&world);
    let rules = "rules: [{name: all, match: {san: \"regex:(?s).*\"}}]\n";
    world.configure(&[log.item(&world)], rules);
    world.write("a.jsonl", "");
    let found = world.run(&["run", "--store", "c"]).ends(20);
    assert!(
        found.out.contains("us") && found.out.contains("\\u{202e}elpmaxe"),
        "{}",
        found.out
    );
    say_everything(&world, 20);
    is_tame(&world.run(&["verify", "--store", "a"]).ends(0));
}

#[test]
fn kinds_of_leaves_come_out_escaped() {
    let (world, mut log) = watching(1);
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let leaf = format!(
        "{{\"apiVersion\":{},\"kind\":{},\"spec\":{{}}}}",
        json(NASTY),
        json(NASTY)
    );
    log.tree.append(leaf.as_bytes());
    log.others(1);
    log.serve(&world);
    world.write("a.jsonl", "");
    say_everything(&world, 20);
    is_tame(&world.run(&["verify", "--store", "a"]).ends(0));
}

#[test]
fn checkpoints_come_out_escaped() {
    let (world, log) = watching(3);
    let signer = || NoteSigner::Log {
        name: "one.example".to_owned(),
        key: log.tree.key().clone(),
    };
    let root = log.tree.root(3).unwrap();
    let of_another_origin = note::signed(&note::checkpoint_text(BIDI, 3, root, &[]), &[signer()]);
    let with_extensions = note::signed(&note::checkpoint_text("one.example", 3, root, &[BIDI]), &[]);
    let control = note::checkpoint_text("one.example\u{1b}[31m", 3, root, &[]);
    for (checkpoint, code) in [
        (of_another_origin.as_str(), 35),
        (&with_extensions, 35),
        (&control, 30),
        (NASTY, 30),
        (&format!("{BIDI}\n3\n{BIDI}\n\n— {BIDI} {BIDI}\n"), 30),
    ] {
        world.write("one/checkpoint", checkpoint);
        world.write("a.jsonl", "");
        say_everything(&world, code);
    }
}

/// A server that answers everything with these bytes.
fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _read = stream.read(&mut [0; 4_096]);
            let _gone = stream.write_all(&answer).is_err();
        }
    });
    format!("http://{address}/one")
}

#[test]
fn answers_come_out_escaped() {
    let answers: [Vec<u8>; 4] = [
        format!("HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/{BIDI}\r\nContent-Length: 0\r\n\r\n")
            .into_bytes(),
        format!("HTTP/1.1 302 {BIDI}\r\nLocation: {BIDI}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        b"HTTP/1.1 200 \x1b[31m\r\nContent-Length: x\x1b[31m\r\n\r\n".to_vec(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{NASTY}", NASTY.len()).into_bytes(),
    ];
    for answer in answers {
        let (world, log) = watching(3);
        let url = server(answer);
        world.configure(
            &[format!(
                "{{url: \"{url}\", kind: rekor-v2, key: {}, from: 0}}",
                log.tree.vkey()
            )],
            super::logs::RULES,
        );
        for args in [
            &["run", "--json"][..],
            &["run"],
            &["scan", "--log", "one", "--from", "0", "--to", "3"],
        ] {
            let ran = world.run(args).ends(30);
            is_tame(&ran);
        }
    }
}

#[test]
fn a_trusted_root_comes_out_escaped() {
    let (world, log) = watching(3);
    let base_url = format!("https://{BIDI}.example/{NASTY}");
    let listed = serde_json::json!({"baseUrl": base_url, "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": "AAAA", "keyDetails": NASTY, "validFor": {"start": "2026-01-01T00:00:00Z"}}, "logId": {"keyId": "AAAA"}});
    let mut root: serde_json::Value = serde_json::from_str(NO_LOGS).unwrap();
    root["tlogs"] = serde_json::json!([listed]);
    root["ctlogs"] = root["tlogs"].clone();
    world.write("trusted_root.json", root.to_string());
    world.configure(&[log.item(&world)], super::logs::RULES);
    for args in [
        &["check"][..],
        &["run"],
        &["run", "--json"],
        &["verify"],
        &["scan", "--log", "x", "--from", "0", "--to", "1"],
    ] {
        is_tame(&world.run(args));
    }
}

#[test]
fn a_forged_record_comes_out_escaped() {
    let (world, log) = watching(3);
    world.run(&["run"]).ends(0);
    let nasty = serde_json::to_string(NASTY).unwrap();
    let name = nasty.trim_matches('"').to_owned();
    for object in [
        "state/one.example.json",
        "state/deployment.json",
        "audit/one.example/start.json",
        "audit/one.example/receipts/00000000000000000000.json",
    ] {
        let whole = world.snapshot("sentinel-store");
        let forged = String::from_utf8(whole[object].clone())
            .unwrap()
            .replace(&log.origin(), &name);
        world.write(&format!("sentinel-store/{object}"), forged);
        for args in [
            &["verify"][..],
            &["run"],
            &["run", "--json"],
            &["restart", "--log", "none", "--from", "0", "--reason", "why"],
        ] {
            is_tame_but_defects(&world.run(args));
        }
        world.restore("sentinel-store", &whole);
    }
    let folder = world.path("sentinel-store/audit/a\u{1b}[31m");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("start.json"), "{}").unwrap();
    is_tame_but_defects(&world.run(&["verify"]));
    let other = FileLog::new("two", "two.example");
    assert_ne!(other.origin(), log.origin());
}

/// Like [`is_tame`], where defects are to be told.
#[track_caller]
fn is_tame_but_defects(ran: &Ran) {
    let told = Ran {
        code: ran.code,
        out: ran.out.replace("DEFECT ", ""),
        err: ran.err.clone(),
    };
    is_tame(&told);
}
