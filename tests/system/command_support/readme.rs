//! What the README tells people to type exists.

use super::world::World;
use std::fs;
use std::path::Path;

#[test]
fn its_commands_are_those_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(file).unwrap();
    let world = World::new();
    let blocks = readme.split("```").skip(1).step_by(2).flat_map(str::lines);
    let quoted = readme.split('`').filter(|text| !text.contains('\n'));
    let lines = blocks.chain(quoted).map(|line| line.trim().trim_start_matches("$ "));
    let mut seen = 0;
    for line in lines.filter_map(|line| line.strip_prefix("rekor-sentinel ")) {
        let words: Vec<&str> = line.split(" #").next().unwrap().split_whitespace().collect();
        let Some(command) = words
            .first()
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase()))
        else {
            continue;
        };
        let help = world.run(&[command, "--help"]).ends(0).out;
        for flag in words
            .iter()
            .filter_map(|word| word.trim_matches(['[', ']', '…']).strip_prefix("--"))
        {
            let flag = flag.split('=').next().unwrap();
            assert!(
                help.contains(&format!("--{flag} ")) || help.contains(&format!("--{flag}\n")),
                "`{line}`: --{flag}\n{help}"
            );
        }
        seen += 1;
    }
    assert!(seen > 5, "only {seen} commands were found");
}
