//! What the command says of a finding's certificate, under a trusted root that names a CA.

use super::logs::{FileLog, RULES, US};
use super::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{LeafSigner, hashedrekord};

/// The CA of [`FileLog`], and one that only bears its name.
const CA: [u8; 32] = [7; 32];
const NAMESAKE: [u8; 32] = [8; 32];

/// When its entries begin.
const BEGUN: u64 = 1_767_225_600;

fn trusted_root() -> String {
    let ca = Authority::new("tests", &CA).certificate(BEGUN, BEGUN + 1_000);
    json!({ "tlogs": [], "ctlogs": [], "certificateAuthorities": [{
        "uri": "https://ca.example", "certChain": { "certificates": [{ "rawBytes": STANDARD.encode(ca) }] },
    }]})
    .to_string()
}

/// A log with an entry of ours, and one that somebody made in our name.
fn world() -> World {
    let (world, mut log) = (World::new(), FileLog::new("one", "one.example"));
    log.signed_by(US);
    let leaf = LeafCertificate::new(Identity::email(US, "https://accounts.example.org"), 1, BEGUN + 1);
    let forged = Authority::new("tests", &NAMESAKE).issue(&leaf);
    log.tree
        .append(&hashedrekord(&[9; 32], &LeafSigner::certificate(&forged)));
    log.serve(&world);
    world.write("trusted_root.json", trusted_root());
    world.configure(&[log.item(&world)], RULES);
    world
}

fn fact<'a>(alert: &'a Value, name: &str) -> Option<&'a str> {
    let facts = alert["facts"].as_array().unwrap();
    let found = facts.iter().find(|fact| fact["name"] == name)?;
    found["value"].as_str()
}

#[test]
fn a_forged_name_is_told_as_such_and_no_less_told() {
    let world = world();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let alerts: Vec<Value> = world
        .read("alerts")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|alert: &Value| alert["class"] == "finding")
        .collect();
    let [ours, forged] = &*alerts else {
        panic!("{alerts:#?}")
    };
    assert_eq!(
        (&ours["severity"], fact(ours, "severity of the rule")),
        (&json!("high"), None)
    );
    assert_eq!(
        fact(ours, "certificate chain"),
        Some("trusted: issued by https://ca.example, of the trusted root")
    );
    assert_eq!(forged["severity"], "medium");
    assert!(fact(forged, "severity of the rule").unwrap().starts_with("high; "));
    assert_eq!(
        fact(forged, "certificate chain"),
        Some("untrusted: the CA of the trusted root that it names did not sign it")
    );
    assert_eq!(fact(forged, "identity"), Some(US));
}

#[test]
fn a_range_read_again_says_the_same() {
    let world = world();
    let scan = ["scan", "--log", "one", "--from", "0", "--to", "2"];
    let found = world.run(&[&scan[..], &["--json"]].concat()).ends(0).lines();
    let said: Vec<_> = found
        .iter()
        .map(|it| (&it["severity"], &it["rule_severity"], &it["trust"]))
        .collect();
    let trusted = json!({ "chain": "trusted", "authority": "https://ca.example", "sct": "unchecked" });
    let untrusted = json!({ "chain": "untrusted", "why": "signature" });
    assert_eq!(
        said,
        [
            (&json!("high"), &Value::Null, &trusted),
            (&json!("medium"), &json!("high"), &untrusted),
        ]
    );
    let shown = world.run(&scan).ends(0).out;
    assert!(
        shown.contains("[medium] ours matched entry 1") && shown.contains("certificate chain"),
        "{shown}"
    );
}
