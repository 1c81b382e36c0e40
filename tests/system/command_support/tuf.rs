//! Trust from a TUF repository, through the command: read from a folder, kept in the store, checked before anything is
//! asked.

use super::logs::RULES;
use super::world::World;
use std::fs;
use testlog::TufRepository;

const NO_LOGS: &[u8] = br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[{"baseUrl":"https://ct.example","publicKey":{"rawBytes":"AAAA","keyDetails":"PKIX_ED25519"}}]}"#;

/// A repository beside the configuration, which is valid until then.
fn trusting(expires: &str) -> World {
    let world = World::new();
    let mut made = TufRepository::new(3, expires);
    made.put("trusted_root.json", NO_LOGS);
    for (name, bytes) in made.publish() {
        world.write(&format!("repository/{name}"), bytes);
    }
    world.write("root.json", made.root(1));
    let url = format!("file://{}", world.path("repository").display());
    let trust = format!("trust: {{tuf: {{url: \"{url}\", root: root.json}}}}");
    let exclude = "exclude: [{log: ct.example, reason: not ours}]";
    world.write("sentinel.yaml", format!("schema: 1\n{trust}\n{exclude}\n{RULES}"));
    world
}

#[test]
fn a_repository_is_read_by_run_and_by_nobody_else() {
    let world = trusting("2999-01-01T00:00:00Z");
    let ran = world.run(&["check"]).ends(0);
    ran.says(&["a TUF repository that no run has read yet", "sentinel.yaml is sound"]);
    assert!(!world.path("sentinel-store").exists());
    world.run(&["run"]).ends(0);
    assert!(
        world
            .read("sentinel-store/state/trust.json")
            .contains("trusted_root.json")
    );
    fs::remove_dir_all(world.path("repository")).unwrap();
    world.run(&["verify"]).ends(0);
    world.run(&["check"]).ends(0).says(&[
        "unwatched  ct.example  (not ours)",
        "as kept: root 1, which expires at 2999-01-01T00:00:00Z",
    ]);
    // It cannot be read any more: what it vouched for before is used, and that is said.
    let ran = world.run(&["run", "--json"]).ends(20);
    assert_eq!(ran.whole()["error"]["class"], "trust-stale");
    // With another root nothing that is kept is believed.
    world.write("root.json", TufRepository::new(4, "2999-01-01T00:00:00Z").root(1));
    let ran = world.run(&["run", "--json"]).ends(30);
    assert_eq!(ran.whole()["error"]["class"], "trust");
}

#[test]
fn an_expired_repository_is_refused() {
    let world = trusting("2026-01-01T00:00:00Z");
    let ran = world.run(&["run", "--json"]).ends(30);
    let message = ran.whole()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("root 1 expired at 2026-01-01T00:00:00Z"), "{message}");
    assert!(!world.path("sentinel-store/state").exists());
}

#[test]
fn what_is_put_is_put_with_its_root() {
    let world = trusting("2999-01-01T00:00:00Z");
    world.run(&["config", "put"]).ends(0).says(&["config/root.json"]);
    assert_eq!(world.read("sentinel-store/config/root.json"), world.read("root.json"));
    world.write("root.json", "{}");
    world
        .run(&["config", "put"])
        .ends(2)
        .complains(&["the pinned root cannot be used"]);
}
