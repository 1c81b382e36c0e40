//! Rekor v1 servers: each shard is a log, and what a server says of its shards is its word alone.

use super::logs::RULES;
use super::world::{Ran, World};
use serde_json::Value;
use stage::hostile::{HostedRekor, Hostile, RekorRule, RekorSpec, RekorTarget, Wrong};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testlog::certificate::Authority;
use testlog::{LeafMaker, MassBodies};
use tlog::Hash;

const FIRST: &str = "3904496407287907110";
const SECOND: u64 = 1_193_050_959_916_656_506;

/// Whom the rule watches for: who signs the entries whose index ends with 7.
const OURS: u64 = 7;

fn bodies() -> LeafMaker {
    let authority = Authority::new("servers", &[3; 32]);
    let (ours, crowd) = (
        MassBodies::new(&authority, "acme", 1_767_225_600),
        MassBodies::new(&authority, "crowd", 1_767_225_600),
    );
    Arc::new(move |index| {
        if index % 10 == OURS {
            ours.body(index)
        } else {
            crowd.body(index)
        }
    })
}

struct Stage {
    world: World,
    rekor: HostedRekor,
    _server: Hostile,
}

impl Stage {
    fn of(entries: u64) -> Stage {
        let server = Hostile::start().unwrap();
        let rekor = server.add_rekor(&RekorSpec {
            leaves: Some(bodies()),
            ..RekorSpec::new("one")
        });
        rekor.grow(entries);
        let stage = Stage {
            world: World::new(),
            rekor,
            _server: server,
        };
        stage.configure("from: 0");
        stage
    }

    fn configure(&self, more: &str) {
        let key = self.rekor.key_pem().replace('\n', "\n      ");
        let text = format!(
            "schema: 1\ntrust: {{trusted_root: trusted_root.json}}\nlogs:\n  - url: {}\n    kind: rekor-v1\n    origin: {}\n    {more}\n    key: |\n      {key}\n{}",
            self.rekor.url(),
            self.rekor.origin(),
            RULES.replace("us@example.com", "\"regex:.*acme.*\""),
        );
        self.world.write("sentinel.yaml", text);
    }

    fn run(&self, code: i32) -> Ran {
        self.world.run(&["run", "--json", "--sink", "file:alerts"]).ends(code)
    }

    /// The line of the shard with this tree id.
    fn line(&self, ran: &Ran, tree: &str) -> Value {
        let name = format!("{} - {tree}", self.rekor.origin());
        let lines = ran.lines();
        let line = lines.iter().find(|line| line["log"] == name.as_str());
        line.unwrap_or_else(|| panic!("no line of {name}: {}", ran.out)).clone()
    }

    fn findings(&self) -> Vec<Value> {
        let objects = self.world.snapshot("sentinel-store/audit");
        let findings = objects.iter().filter(|(name, _)| name.contains("/findings/"));
        findings
            .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()))
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

#[test]
fn every_entry_of_every_shard_is_proven_and_matched() {
    let stage = Stage::of(95);
    stage.rekor.shard_over(SECOND);
    stage.rekor.grow(130);
    let ran = stage.run(0);
    let (first, second) = (stage.line(&ran, FIRST), stage.line(&ran, &SECOND.to_string()));
    assert_eq!(
        (&first["cursor"], &second["cursor"]),
        (&95.into(), &130.into()),
        "{}",
        ran.out
    );
    assert_eq!(ran.whole()["scanned"], 225);
    let findings = stage.findings();
    assert_eq!(Value::from(findings.len()), ran.whole()["findings"]);
    assert!(findings.len() > 15, "{}", findings.len());
    for finding in &findings {
        let (index, promise) = (finding["index"].as_u64().unwrap(), &finding["promise"]);
        let offset = if finding["log"].as_str().unwrap().ends_with(FIRST) {
            0
        } else {
            95
        };
        assert_eq!(promise["global_index"], index + offset);
        assert_eq!(promise["verified"], true);
        assert!(finding["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1"));
    }
    stage.world.run(&["verify"]).ends(0);
    // Grown, sharded over once more, and nothing is lost in between.
    stage.rekor.grow(33);
    stage.rekor.shard_over(77);
    stage.rekor.grow(12);
    let ran = stage.run(0);
    assert_eq!(stage.line(&ran, &SECOND.to_string())["cursor"], 163);
    assert_eq!(stage.line(&ran, "77")["cursor"], 12);
    assert_eq!(ran.whole()["scanned"], 45);
    stage.run(0);
    stage.world.run(&["verify"]).ends(0);
}

#[test]
fn a_position_counts_over_all_shards() {
    let stage = Stage::of(95);
    stage.rekor.shard_over(SECOND);
    stage.rekor.grow(130);
    stage.configure("from: 100");
    let ran = stage.run(0);
    assert_eq!(ran.whole()["scanned"], 125, "{}", ran.out);
    assert_eq!(stage.line(&ran, FIRST)["cursor"], 95);
    let name = stage.rekor.origin();
    let scan = |from: &str, to: &str| {
        stage
            .world
            .run(&["scan", "--log", &name, "--from", from, "--to", to, "--json"])
    };
    let indices = |ran: &Ran| -> Vec<u64> {
        let lines = ran.lines();
        lines
            .iter()
            .map(|line| line["promise"]["global_index"].as_u64().unwrap())
            .collect()
    };
    let all = scan("0", "225").ends(0);
    let part = scan("80", "150").ends(0);
    let expected: Vec<u64> = indices(&all)
        .into_iter()
        .filter(|index| (80..150).contains(index))
        .collect();
    assert!(
        expected.first() < Some(&95) && expected.last() > Some(&95),
        "{expected:?}"
    );
    assert_eq!(indices(&part), expected);
    scan("200", "226")
        .ends(2)
        .complains(&["together have 225 entries; --to is 226"]);
}

/// A rule that is new is asked of every shard by itself; an index counts over all of them.
#[test]
fn a_rule_that_is_new_is_asked_of_every_shard() {
    let stage = Stage::of(95);
    stage.rekor.shard_over(SECOND);
    stage.rekor.grow(130);
    stage.run(0);
    let config = stage.world.read("sentinel.yaml");
    stage.world.write(
        "sentinel.yaml",
        format!("{config}  - {{name: crowd, match: {{san: \"regex:.*crowd.*\"}}}}\n"),
    );
    assert_eq!(stage.run(0).whole()["rules_without_past"][0], "crowd");
    let server = stage.rekor.origin();
    let scan = |more: &[&str]| {
        let ran = stage
            .world
            .run(&[&["scan", "--rule", "crowd", "--json"], more].concat())
            .ends(0);
        let lines = ran.lines();
        let indices = lines
            .iter()
            .map(|line| line["promise"]["global_index"].as_u64().unwrap());
        (indices.collect::<Vec<u64>>(), ran)
    };
    let of_crowd = |index: &u64| index % 10 != OURS;
    let (found, ran) = scan(&["--log", &server, "--since", "100"]);
    assert_eq!(found, (100..225).filter(of_crowd).collect::<Vec<u64>>());
    ran.complains(&[
        "95 more are older than --since",
        "125 entries to read: [5, 130); 5 more are older",
    ]);
    assert_eq!(stage.run(0).whole()["rules_without_past"][0], "crowd");
    // One shard by its own name counts by itself.
    let first = format!("{server} - {FIRST}");
    let (found, _) = scan(&["--log", &first, "--since", "90"]);
    assert_eq!(found, (90..95).filter(of_crowd).collect::<Vec<u64>>());
    let (found, _) = scan(&[]);
    assert_eq!(found, (0..90).chain(95..100).filter(of_crowd).collect::<Vec<u64>>());
    assert_eq!(stage.run(0).whole()["rules_without_past"].as_array().unwrap().len(), 0);
    stage.world.run(&["verify"]).ends(0);
}

/// `from: head` is said of the server, and means the shards that it has when it first answers.
#[test]
fn a_shard_that_appears_is_read_from_its_beginning_whatever_is_said_of_its_server() {
    let stage = Stage::of(60);
    stage.configure("from: head");
    let ran = stage.run(0);
    assert_eq!(
        (&ran.whole()["scanned"], &stage.line(&ran, FIRST)["cursor"]),
        (&0.into(), &60.into())
    );
    stage.rekor.grow(21);
    stage.rekor.shard_over(SECOND);
    stage.rekor.grow(33);
    let ran = stage.run(0);
    assert_eq!(stage.line(&ran, FIRST)["cursor"], 81);
    assert_eq!(stage.line(&ran, &SECOND.to_string())["cursor"], 33);
    assert_eq!(ran.whole()["scanned"], 21 + 33, "{}", ran.out);
    stage.world.run(&["verify"]).ends(0);
}

#[test]
fn a_retired_shard_that_grows_is_told() {
    let stage = Stage::of(40);
    stage.rekor.shard_over(SECOND);
    stage.run(0);
    stage.rekor.grow_tree(FIRST.parse().unwrap(), 3);
    let ran = stage.run(20);
    let line = stage.line(&ran, FIRST);
    assert_eq!(line["cursor"], 43, "what was added is scanned like anything else");
    assert!(stage.world.read("alerts").contains("grew-after-freeze"));
}

#[test]
fn a_server_that_forks_is_caught_with_evidence() {
    let stage = Stage::of(60);
    stage.run(0);
    stage.rekor.fork(None, 20, 90);
    let ran = stage.run(40);
    let line = stage.line(&ran, FIRST);
    let object = line["error"]["object"].as_str().unwrap();
    let evidence: Value = serde_json::from_str(&stage.world.read(&format!("sentinel-store/{object}"))).unwrap();
    let evidence: tlog::Evidence = serde_json::from_value(evidence["body"]["evidence"].clone()).unwrap();
    evidence.verdict().unwrap();
    assert_eq!((&line["head"]["size"], &line["cursor"]), (&60.into(), &60.into()));
    stage.world.run(&["verify"]).ends(0);
}

#[test]
fn entries_that_are_not_in_the_tree_are_never_scanned() {
    // What does not have its uuid's hash is seen at once, and what came before it is proven; the others fail as a span.
    for (how, proven) in [(Wrong::Substitute, 0), (Wrong::Swap, 0), (Wrong::Flip, 30)] {
        let stage = Stage::of(60);
        stage.rekor.behave(RekorRule::entry(how, 31));
        let ran = stage.run(35);
        let line = stage.line(&ran, FIRST);
        assert_eq!(
            (&line["head"]["size"], &line["cursor"], &line["findings"]),
            (&60.into(), &proven.into(), &(proven / 10).into()),
            "{how:?}"
        );
        stage.rekor.clear();
        let ran = stage.run(0);
        assert_eq!(stage.line(&ran, FIRST)["cursor"], 60, "{how:?}");
    }
}

#[test]
fn an_answer_that_contradicts_its_question_stops_there_and_says_so() {
    // The code with which the pass ends: 30 where an entry does not come, 35 where something else comes in its place.
    let ends = [
        (Wrong::Drop, 30),
        (Wrong::Double, 35),
        (Wrong::LogIndex, 35),
        (Wrong::Uuid, 35),
        (Wrong::Tree, 35),
        (Wrong::Place, 35),
    ];
    for (how, code) in ends {
        let stage = Stage::of(60);
        stage.rekor.behave(RekorRule::entry(how, 31));
        let ran = stage.run(code);
        let line = stage.line(&ran, FIRST);
        assert!(
            line["error"]["message"].as_str().unwrap().contains("31"),
            "{how:?}: {line}"
        );
        assert!(line["cursor"].as_u64().unwrap() <= 31, "{how:?}: {line}");
        stage.rekor.clear();
        let ran = stage.run(0);
        assert_eq!(stage.line(&ran, FIRST)["cursor"], 60, "{how:?}");
        stage.world.run(&["verify"]).ends(0);
    }
}

#[test]
fn a_server_is_asked_no_more_than_it_may_be() {
    let stage = Stage::of(400);
    for (allowed, why) in [("0", "from 1 to 64"), ("65", "from 1 to 64"), ("many", "from 1 to 64")] {
        stage.configure(&format!("limits: {{requests: {allowed}}}"));
        stage.world.run(&["check"]).ends(2).complains(&["sentinel.yaml:", why]);
    }
    // 40 batches of ten, two at a time.
    let each = Duration::from_millis(50);
    stage.configure("from: 0\n    limits: {requests: 2}");
    stage.rekor.latency(each);
    let begun = Instant::now();
    stage.run(0);
    assert!(begun.elapsed() >= each * 20, "{:?}", begun.elapsed());
}

#[test]
fn passes_that_are_cut_short_get_on_all_the_same() {
    let stage = Stage::of(900);
    stage.configure("from: 0\n    limits: {requests: 1}");
    stage.rekor.latency(Duration::from_millis(30));
    let mut cursor = 0;
    for _ in 0..12 {
        let short = ["run", "--json", "--deadline", "2s", "--sink", "file:alerts"];
        let line = stage.line(&stage.world.run(&short), FIRST);
        let now = line["cursor"].as_u64().unwrap();
        assert!(now > cursor, "{line}");
        cursor = now;
        if now == 900 {
            break;
        }
    }
    stage.rekor.latency(Duration::ZERO);
    let ran = stage.run(0);
    assert_eq!(stage.line(&ran, FIRST)["cursor"], 900);
    stage.world.run(&["verify"]).ends(0);
}

#[test]
fn a_server_that_is_out_of_reach_forgets_no_shard() {
    let stage = Stage::of(20);
    stage.rekor.shard_over(SECOND);
    stage.run(0);
    stage.rekor.behave(RekorRule::new(
        RekorTarget::Log,
        stage::hostile::Instead::Status {
            code: 404,
            retry_after: None,
        },
    ));
    let ran = stage.run(30);
    assert_eq!(
        ran.lines().len(),
        3,
        "a line for each shard, and one for the run: {}",
        ran.out
    );
    stage.rekor.clear();
    stage.run(0);
}

#[test]
fn what_is_looked_up_is_proven_against_our_record() {
    let stage = Stage::of(60);
    let digest = Hash::of(&7_u64.to_be_bytes());
    let leaf = stage.rekor.leaf(0, 7).unwrap();
    let tree: u64 = FIRST.parse().unwrap();
    let uuid = format!("{tree:016x}{}", Hash::leaf(&leaf));
    stage.rekor.list(&format!("sha256:{digest}"), &uuid);
    let digest = digest.to_string();
    let lookup = ["lookup", "--digest", &digest, "--json"];
    let ran = stage.world.run(&lookup);
    assert_ne!(ran.code, 0, "nothing is on record yet: {}", ran.out);
    stage.run(0);
    let ran = stage.world.run(&lookup).ends(0);
    let line = &ran.lines()[0];
    assert_eq!(
        (&line["proven"], &line["index"], &line["head"]),
        (&true.into(), &7.into(), &60.into())
    );
    assert_eq!(line["names_what_was_asked"], true);
    assert_eq!(line["signers"][0]["trust"]["chain"], "unknown");
    assert_eq!(line["said"]["promise_verified"], true);
    stage.world.write("artifact", 7_u64.to_be_bytes());
    stage.world.run(&["lookup", "artifact"]).ends(0).says(&[
        "PROVEN",
        "acme",
        "certificate chain: not known: the trusted root names no",
    ]);
    // What the index lists and the server does not have stands in nobody's way.
    stage
        .rekor
        .list("us@example.org", &format!("{tree:016x}{}", Hash::leaf(b"gone")));
    stage.rekor.list("us@example.org", &uuid);
    let ran = stage
        .world
        .run(&["lookup", "--email", "us@example.org", "--json"])
        .ends(20);
    let proven: Vec<Value> = ran.lines().iter().map(|line| line["proven"].clone()).collect();
    assert_eq!(proven, [false, true]);
    stage.world.write("key", "-----BEGIN EC PRIVATE KEY-----");
    stage
        .world
        .run(&["lookup", "--key", "key"])
        .ends(2)
        .complains(&["private key, and nothing of it was sent"]);
    // The index may list what it likes: what the entry does not say is seen.
    stage.rekor.list("somebody@example.org", &uuid);
    stage
        .world
        .run(&["lookup", "--email", "somebody@example.org"])
        .ends(0)
        .says(&["does NOT name"]);
}
