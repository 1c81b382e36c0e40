//! NAME is the name of a log, or any unambiguous part of it.

use super::logs::{FileLog, RULES};
use super::world::World;

fn three() -> World {
    let world = World::new();
    let items: Vec<String> = ["alpha-1", "alpha-12", "beta"]
        .iter()
        .map(|name| {
            let mut log = FileLog::new(name, &format!("{name}.example/log"));
            log.others(5);
            log.serve(&world);
            log.item(&world)
        })
        .collect();
    world.configure(&items, RULES);
    world.run(&["run"]).ends(0);
    world
}

#[test]
fn a_part_that_is_in_one_name_is_enough() {
    let world = three();
    for name in ["beta.example/log", "beta", "eta.ex"] {
        world.run(&["scan", "--log", name, "--from", "0", "--to", "5"]).ends(0);
        world
            .run(&["restart", "--log", name, "--from", "0", "--reason", "why"])
            .ends(0)
            .says(&["beta.example/log"]);
    }
    // The whole name is that log, even where it is a part of another.
    world
        .run(&["scan", "--log", "alpha-1.example/log", "--from", "0", "--to", "5"])
        .ends(0);
}

#[test]
fn an_ambiguous_part_lists_the_names() {
    let world = three();
    let before = world.snapshot("sentinel-store");
    let commands: [&[&str]; 3] = [
        &["scan", "--from", "0", "--to", "5"],
        &["restart", "--from", "0", "--reason", "why"],
        &["ack", "violation", "--by", "me", "--note", "why"],
    ];
    for command in commands {
        let ran = world.run(&[command, &["--log", "alpha-1"]].concat()).ends(2);
        let ran = ran.complains(&[
            "`alpha-1` is part of several names",
            "alpha-1.example/log, alpha-12.example/log",
        ]);
        assert_eq!(ran.out, "");
        let ran = world.run(&[command, &["--log", "gamma"]].concat()).ends(2);
        ran.complains(&[
            "`gamma` names no log",
            "alpha-1.example/log, alpha-12.example/log, beta.example/log",
        ]);
        world.run(&[command, &["--log", ""]].concat()).ends(2);
    }
    assert_eq!(world.snapshot("sentinel-store"), before);
}

#[test]
fn what_needs_a_record_makes_none() {
    let world = World::new();
    world.configure(&[], RULES);
    for store in ["sentinel-store", "empty"] {
        let commands: [&[&str]; 3] = [
            &["verify"],
            &["restart", "--log", "one", "--from", "0", "--reason", "why"],
            &["ack", "--log", "one", "violation", "--by", "me", "--note", "why"],
        ];
        for command in commands {
            let ran = world.run(&[command, &["--store", store]].concat()).ends(30);
            ran.complains(&[store]);
        }
        assert!(world.snapshot(store).is_empty());
        let _made = std::fs::create_dir(world.path("empty")).is_ok();
    }
    assert!(!world.path("sentinel-store").exists());
}
