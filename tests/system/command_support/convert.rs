//! `convert`, and `monitoredValues` as it stands: what people bring from rekor-monitor.

use super::logs::watching;
use super::world::World;

/// The configuration that rekor-monitor's own documentation shows.
const THEIRS: &str = r"startIndex: 1000
monitoredValues:
  certIdentities:
    - certSubject: user@domain\.com
    - certSubject: otheruser@domain.com
      issuers:
        - https://accounts\.google\.com
        - https://github\.com/login
    - certSubject: https://github\.com/actions/starter-workflows/blob/main/\.github/workflows/lint\.yaml@.*
      issuers:
        - https://token\.actions\.githubusercontent\.com
    - certSubject: (alice|bob)@
  subjects:
    - subject@domain\.com
  fingerprints:
    - A0B1C2D3E4F5
  oidMatchers:
    fulcioExtensions:
      build-config-uri:
        - https://example.com/owner/repository/build-config.yml
    oidExtensions:
      - objectIdentifier: [1, 3, 6, 1, 4, 1, 57264, 1, 1]
        extensionValues:
          - https://github.com/login/oauth
    customExtensions:
      - objectIdentifier: 1.3.6.1.4.1.57264.1.9
        extensionValues:
          - https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@v1.4.0
outputIdentities: identities.txt
";

const RULES: [&str; 6] = [
    r"rule       monitored certSubject user@domain\.com  (high)",
    r"rule       monitored certSubject (alice|bob)@  (high)",
    r"rule       monitored subject subject@domain\.com  (high)",
    "rule       monitored fingerprint a0b1c2d3e4f5  (high)",
    "rule       monitored build-config-uri  (high)",
    "rule       monitored build-signer-uri  (high)",
];

#[test]
fn their_configuration_becomes_ours_and_says_what_is_stricter() {
    let world = World::new();
    world.write("theirs.yaml", THEIRS);
    let ran = world.run(&["convert", "theirs.yaml", "-o", "sentinel.yaml"]).ends(0);
    ran.says(&["sentinel.yaml is written, with 9 rules"]).complains(&[
        r"tightened  certSubject user@domain\.com: stands at the beginning of the value",
        "tightened  certSubject otheruser@domain.com: stands at the beginning of the value, not anywhere in it; ends where the value ends; its dots are dots",
        r"tightened  issuers https://accounts\.google\.com: ",
        "open       certSubject (alice|bob)@: matches any value with this in it, as before",
        "left out   startIndex: ",
        "left out   outputIdentities: ",
    ]);
    let text = world.read("sentinel.yaml");
    for line in [
        "san: \"user@domain.com\"",
        "issuer: [\"https://accounts.google.com\",\"prefix:https://accounts.google.com/\",\"prefix:https://github.com/login\"]",
        "san: \"prefix:https://github.com/actions/starter-workflows/blob/main/.github/workflows/lint.yaml@\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    world.run(&["check", "--strict"]).ends(0).says(&RULES);
    // Nothing is overwritten, itself least of all.
    for out in ["sentinel.yaml", "theirs.yaml"] {
        let ran = world.run(&["convert", "theirs.yaml", "-o", out]).ends(2);
        ran.complains(&["exists already; it is left as it is"]);
    }
    assert_eq!(
        (world.read("sentinel.yaml"), world.read("theirs.yaml")),
        (text.clone(), THEIRS.to_owned())
    );
    // Without a file it goes to standard output, and is the same.
    assert_eq!(world.run(&["convert", "theirs.yaml"]).ends(0).out, text);
}

#[test]
fn every_form_of_theirs_is_read() {
    let world = World::new();
    world.write("plain.yaml", "monitoredValues:\n  subjects: [a@b.example]\n");
    let expect = world.run(&["convert", "plain.yaml"]).ends(0).out;
    let rules = expect.split_once("\nrules:").unwrap().1;
    for (form, place) in [
        ("monitoredValues: |\n  subjects: [a@b.example]\n", ""),
        (
            "monitoredValues: |\n  monitoredValues:\n    subjects: [a@b.example]\n",
            "",
        ),
        ("subjects: [a@b.example]\n", ""),
        (
            "on: push\njobs:\n  other: {runs-on: x}\n  monitor:\n    uses: sigstore/rekor-monitor/.github/workflows/reusable_monitoring.yml@main\n    with:\n      file_issue: true\n      config: |\n        monitoredValues:\n          subjects:\n            - a@b.example\n",
            ": jobs.monitor.with.config",
        ),
    ] {
        world.write("form.yaml", form);
        let out = world.run(&["convert", "form.yaml"]).ends(0).out;
        assert!(
            out.ends_with(rules) && out.contains(&format!("Made of form.yaml{place} by")),
            "{form}\n{out}"
        );
    }
}

#[test]
fn a_workflow_loses_nobody() {
    let world = World::new();
    let job = |name: &str, input: &str, block: &str| {
        format!(
            "  {name}:\n    with:\n      {input}\n      config: |\n        endIndex: 5\n        monitoredValues:\n          {block}\n"
        )
    };
    let jobs = [
        job("a", "url: https://rekor.internal.example", "subjects: [a@b.example]"),
        job("b", "once: true", "subjects: [b@b.example, a@b.example]"),
        job("c", "soon: 1", "certIdentities: [{certSubject: a@b.example}]"),
    ];
    let top = "monitoredValues: {fingerprints: [A0B1C2D3E4F5]}\n";
    world.write("flow.yaml", format!("{top}on: push\njobs:\n{}", jobs.concat()));
    let ran = world
        .run(&["convert", "flow.yaml", "-o", "sentinel.yaml"])
        .ends(0)
        .says(&["sentinel.yaml is written, with 4 rules"]);
    ran.complains(&[
        "left out   jobs.a.with.url: `logs:` lists logs beside those of the trusted root",
        "left out   jobs.b.with.once: ",
        "left out   jobs.c.with.soon: not an input that is known here",
        "left out   endIndex: a pass reads to the head",
    ]);
    world.run(&["check"]).ends(0).says(&[
        "monitored subject a@b.example  (high)",
        "monitored subject b@b.example  (high)",
        "monitored certSubject a@b.example  (high)",
        "monitored fingerprint a0b1c2d3e4f5  (high)",
    ]);
    assert!(world.read("sentinel.yaml").contains("Made of flow.yaml by"));
    // One name for two things.
    let two = [
        job(
            "a",
            "once: true",
            "oidMatchers: {fulcioExtensions: {build-config-uri: [one]}}",
        ),
        job(
            "b",
            "once: true",
            "oidMatchers: {fulcioExtensions: {build-config-uri: [two]}}",
        ),
    ];
    world.write("two.yaml", format!("jobs:\n{}", two.concat()));
    let out = world.run(&["convert", "two.yaml"]).ends(0).out;
    assert!(
        out.contains("\"monitored build-config-uri\"") && out.contains("\"monitored build-config-uri (2)\""),
        "{out}"
    );
}

#[test]
fn what_cannot_be_converted_is_said_with_its_place() {
    let world = World::new();
    for (text, words) in [
        (
            "schema: 1\nmonitoredValues: {subjects: [a]}\n",
            "theirs.yaml has a `schema`, so it is a sentinel.yaml",
        ),
        ("startIndex: 1\n", "theirs.yaml has no `monitoredValues`"),
        ("", "theirs.yaml has no `monitoredValues`"),
        ("monitoredValues: {}\n", "theirs.yaml has no `monitoredValues`"),
        (
            "monitoredValues:\n  subjects: ['a\\C']\n",
            "theirs.yaml:2:14: error: has `\\C`",
        ),
        ("subjects: ['a\\C']\n", "theirs.yaml:1:12: error: has `\\C`"),
        (
            "monitoredValues: |\n  subjects: ['a\\C']\n",
            "theirs.yaml: monitoredValues:1:12: error: has `\\C`",
        ),
        ("monitoredValues: [\n", "theirs.yaml:"),
    ] {
        world.write("theirs.yaml", text);
        let ran = world.run(&["convert", "theirs.yaml", "-o", "out.yaml"]).ends(2);
        ran.complains(&[words]);
        assert!(!world.path("out.yaml").exists(), "{text}");
    }
    let ran = world.run(&["convert", "absent.yaml"]).ends(2);
    ran.complains(&["absent.yaml: there is no such file"]);
}

#[test]
fn the_block_is_evaluated_as_it_stands() {
    let (world, _) = watching(5);
    let text = world.read("sentinel.yaml");
    let (before, _) = text.split_once("rules:").unwrap_or((&text, ""));
    world.write(
        "sentinel.yaml",
        format!("{before}monitoredValues: {{certIdentities: [{{certSubject: '.'}}], subjects: [nobody]}}\n"),
    );
    world
        .run(&["check"])
        .ends(0)
        .says(&["rule       monitored certSubject .  (high)"]);
    world.run(&["run", "--fail-on", "findings"]).ends(10);
    world.run(&["verify"]).ends(0);
}
